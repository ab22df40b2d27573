//! Memory for segments.
//!
//! A full segment is as large as a huge page of x86-64 and aarch64. With a huge page, its first
//! touch costs one page fault instead of 512, and distant nodes share an entry of the TLB. Huge
//! pages are optional: without `std`, on other systems, and if the system has none, memory stays as
//! the allocator provides it.
//!
//! On Linux full segments come from the system itself ([`huge`]). `malloc` does not find an aligned
//! piece again that was freed: a tree that is loaded and checkpointed in turns took nearly three
//! times its nodes.

use alloc::alloc::{Layout, alloc, dealloc};
use core::ptr::NonNull;

#[cfg(all(feature = "std", target_os = "linux", not(miri)))]
mod huge;

/// Bytes of a huge page.
const HUGE: usize = 2 << 20;
#[cfg(all(feature = "std", target_os = "linux", not(miri)))]
const _: () = assert!(HUGE == huge::HUGE, "a piece is one huge page");
/// Groups of two start on a cache line.
const LINE: usize = 64;

/// The layout of a piece of so many bytes. `None` for none, and for more than there can be.
pub(super) fn layout(bytes: usize) -> Option<Layout> {
    let alignment = if bytes >= HUGE { HUGE } else { LINE };
    let layout = Layout::from_size_align(bytes, alignment).ok()?;
    (bytes > 0).then_some(layout)
}

/// Allocates a piece of memory, untouched or recycled. `None` if there is none.
pub(super) fn allocate(layout: Layout) -> Option<NonNull<u8>> {
    debug_assert!(layout.size() > 0);
    #[cfg(all(feature = "std", target_os = "linux", not(miri)))]
    if layout.size() == HUGE {
        return huge::allocate();
    }
    // SAFETY: the layout has a size above zero, as `layout` promises.
    NonNull::new(unsafe { alloc(layout) })
}

/// Frees a piece of memory.
///
/// # Safety
/// `memory` came from [`allocate`] with this layout, is not freed already, and is not used again.
pub(super) unsafe fn free(memory: NonNull<u8>, layout: Layout) {
    #[cfg(all(feature = "std", target_os = "linux", not(miri)))]
    if layout.size() == HUGE {
        // SAFETY: by the caller's promise.
        return unsafe { huge::free(memory) };
    }
    // SAFETY: by the caller's promise, and no other size comes from elsewhere.
    unsafe { dealloc(memory.as_ptr(), layout) };
}
