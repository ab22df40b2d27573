//! Huge pages for large pieces of memory.
//!
//! A full segment is as large as a huge page of x86-64 and aarch64. With a huge page, its first
//! touch costs one page fault instead of 512, and distant nodes share an entry of the TLB. Huge
//! pages are optional: without `std`, on other systems, and if the system has none, memory stays as
//! the allocator provides it.

use core::ptr::NonNull;

/// Bytes of a huge page.
const HUGE: usize = 2 << 20;
/// Groups of two start on a cache line.
const LINE: usize = 64;

/// The alignment for a piece of so many bytes.
pub(super) const fn alignment(bytes: usize) -> usize {
    if bytes >= HUGE { HUGE } else { LINE }
}

/// Asks for huge pages for untouched memory.
///
/// # Safety
/// `memory` is an allocation of `bytes` bytes.
#[cfg(all(feature = "std", target_os = "linux", not(miri)))]
pub(super) unsafe fn prefer_huge(memory: NonNull<u8>, bytes: usize) {
    use rustix::mm::{Advice, madvise};

    if bytes >= HUGE {
        // SAFETY: the range is an allocation, by the caller's promise. The advice changes neither
        // its content nor its access rights.
        let advised = unsafe { madvise(memory.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
        // A kernel that has no huge pages refuses. Nothing depends on them.
        let (Ok(()) | Err(_)) = advised;
    }
}

/// Does nothing: this system has no such advice.
///
/// # Safety
/// `memory` is an allocation of `bytes` bytes.
#[cfg(not(all(feature = "std", target_os = "linux", not(miri))))]
pub(super) unsafe fn prefer_huge(_memory: NonNull<u8>, _bytes: usize) {}
