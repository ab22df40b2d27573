//! [`Counting`]: an allocator that counts what the whole process has allocated, and one measurement
//! at a time. A test program makes it its global allocator.
//!
//! Files that the system maps are not counted: they belong to the page cache. Stacks are not
//! counted either, and on Linux no full segment of nodes: it is mapped.
#![expect(
    unsafe_code,
    reason = "a global allocator that counts is one by its contract"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The system's allocator, counted.
#[derive(Debug)]
pub struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn more(bytes: usize) {
    // A thread that is ending has no counter any more.
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

fn less(bytes: usize) {
    LIVE.fetch_sub(bytes, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // If the bytes move, the old and the new allocation exist at once.
        more(size);
        less(layout.size());
        // SAFETY: the caller's promises are passed on; all memory came from `System`.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: the caller's promise is passed on; all memory came from `System`.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Held by a test to its end: others of this process would be counted too.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs a test without other tests beside it.
pub fn alone<T>(test: impl FnOnce() -> T) -> T {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let result = test();
    drop(alone);
    result
}

/// The outcome of `work`, and the most bytes that were allocated at once during it, beyond those
/// allocated before.
pub fn peak<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    let peak = PEAK.load(Ordering::Relaxed);
    (result, peak.saturating_sub(before))
}

/// The outcome of `work`, and how often this thread asked for memory during it.
pub fn calls<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = CALLS.get();
    let result = work();
    (result, CALLS.get() - before)
}
