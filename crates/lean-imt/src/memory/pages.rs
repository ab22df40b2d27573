//! On which pages of the system a large piece of memory lies.
//!
//! A full segment is as large as a huge page of x86-64 and aarch64. On one of those its first touch
//! costs one page fault instead of 512, and nodes that are far from each other share an entry of
//! the TLB. It is a wish: without `std`, on other systems, and where there is no huge page to be
//! had, memory is as the allocator gives it.

use core::ptr::NonNull;

/// Bytes of a huge page.
const HUGE: usize = 2 << 20;
/// Groups of two start on a cache line.
const LINE: usize = 64;

/// The alignment for a piece of so many bytes.
pub(super) const fn alignment(bytes: usize) -> usize {
    if bytes >= HUGE { HUGE } else { LINE }
}

/// Asks for huge pages behind a piece of memory that nobody has touched yet.
///
/// # Safety
/// `memory` is an allocation of `bytes` bytes.
#[cfg(all(feature = "std", target_os = "linux", not(miri)))]
pub(super) unsafe fn prefer_huge(memory: NonNull<u8>, bytes: usize) {
    use rustix::mm::{Advice, madvise};

    if bytes >= HUGE {
        // SAFETY: the range is an allocation, by the caller's promise. This advice changes neither
        // what it holds nor who may access it.
        let advised = unsafe { madvise(memory.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
        // A kernel that has no huge pages refuses. Nothing depends on them.
        let (Ok(()) | Err(_)) = advised;
    }
}

/// There is nobody to ask.
///
/// # Safety
/// `memory` is an allocation of `bytes` bytes.
#[cfg(not(all(feature = "std", target_os = "linux", not(miri))))]
pub(super) unsafe fn prefer_huge(_memory: NonNull<u8>, _bytes: usize) {}
