//! An allocator that counts, for the programs that measure memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// The system's allocator. It counts during a measurement, and costs one load otherwise.
#[derive(Debug)]
pub struct Counting;

/// The use of the heap during a measurement, on all threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes allocated and not freed; negative if more was freed.
    pub live: i64,
    /// The largest value of `live`.
    pub peak: i64,
    /// Calls that allocated.
    pub allocations: u64,
}

/// Runs `work` and returns its use of the heap. One measurement at a time; all zero unless
/// [`Counting`] is the global allocator.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Usage) {
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    ALLOCATIONS.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let result = work();
    COUNTING.store(false, Relaxed);
    let usage = Usage {
        live: LIVE.load(Relaxed),
        peak: PEAK.load(Relaxed),
        allocations: ALLOCATIONS.load(Relaxed),
    };
    (result, usage)
}

fn grew(bytes: usize) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        moved(bytes as i64);
    }
}

fn shrank(bytes: usize) {
    if COUNTING.load(Relaxed) {
        moved(-(bytes as i64));
    }
}

fn moved(bytes: i64) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: every method passes its arguments to the system's allocator, whose contract is the same,
// and returns its result. Counting touches atomics alone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: the caller promises for `layout` what this call requires.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: the caller promises for `layout` what this call requires.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrank(layout.size());
        // SAFETY: the caller got `pointer` from this allocator with `layout`, hence from the
        // system's with the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        shrank(layout.size());
        grew(size);
        // SAFETY: the caller got `pointer` from this allocator with `layout`, hence from the
        // system's with the same, and promises for `size` what this call requires.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
