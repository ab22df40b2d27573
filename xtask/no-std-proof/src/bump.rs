//! The least allocator that serves: hands out one fixed arena from front to back, frees nothing.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Bytes in the arena; the trees of this program need far less.
const ARENA: usize = 8 << 20;

/// Memory that is only ever reached through pointers handed out once.
pub(crate) struct Bump {
    arena: UnsafeCell<[u8; ARENA]>,
    used: AtomicUsize,
}

// SAFETY: `alloc` never gives the same bytes out twice, as `used` only grows and is changed by one
// atomic step; so no two threads ever hold pointers to the same byte of `arena`.
unsafe impl Sync for Bump {}

impl Bump {
    /// An arena of which nothing is used.
    pub(crate) const fn new() -> Self {
        Self {
            arena: UnsafeCell::new([0; ARENA]),
            used: AtomicUsize::new(0),
        }
    }

    /// Bytes handed out so far.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

// SAFETY: `alloc` returns either null or a block of `layout.size()` bytes inside `arena`, aligned
// to `layout.align()`, that was never given out before; nothing unwinds.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let arena = self.arena.get().cast::<u8>();
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                let gap = arena.wrapping_add(used).align_offset(layout.align());
                let end = used.checked_add(gap)?.checked_add(layout.size())?;
                (end <= ARENA).then_some(end)
            });
        match taken {
            // The block ends where the update ended; its start is aligned as computed there.
            Ok(used) => {
                let gap = arena.wrapping_add(used).align_offset(layout.align());
                arena.wrapping_add(used + gap)
            }
            Err(_) => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}
