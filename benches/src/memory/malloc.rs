//! Settings of glibc's malloc: freed memory is recycled, or given back and fetched again. Elsewhere
//! there is no such setting, and warm and fresh memory differ in name only.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// Beyond any block that is measured.
    const NEVER: libc::c_int = libc::c_int::MAX;

    fn set(parameter: libc::c_int, value: libc::c_int) {
        // SAFETY: `mallopt` takes two numbers, keeps no pointer, and may be called at any time from
        // one thread, which is the one that measures; glibc takes the arena's lock. A
        // parameter that it does not know is refused by its result.
        let accepted = unsafe { libc::mallopt(parameter, value) };
        debug_assert_eq!(accepted, 1, "malloc refuses parameter {parameter}");
    }

    /// More than a whole heap of a thread's arena, which would otherwise be unmapped once it is
    /// empty.
    const MORE_THAN_A_HEAP: libc::c_int = 128 << 20;

    pub(super) fn recycle() {
        set(libc::M_MMAP_MAX, 0);
        set(libc::M_TRIM_THRESHOLD, NEVER);
        set(libc::M_TOP_PAD, MORE_THAN_A_HEAP);
    }

    pub(super) fn give_back() {
        set(libc::M_TRIM_THRESHOLD, 128 << 10);
        set(libc::M_TOP_PAD, 128 << 10);
        set(libc::M_MMAP_THRESHOLD, 128 << 10);
        set(libc::M_MMAP_MAX, NEVER);
        trim();
    }

    pub(super) fn trim() {
        // SAFETY: `malloc_trim` gives unused memory back to the system and touches no block in use.
        unsafe { libc::malloc_trim(0) };
    }
}

/// Whether malloc gives freed memory back to the system.
static GIVING_BACK: AtomicBool = AtomicBool::new(false);

/// Makes malloc keep and reuse freed memory.
pub fn recycle() {
    GIVING_BACK.store(false, Relaxed);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::recycle();
}

/// Makes malloc fetch every large block from the system and give it back when it is freed.
pub fn give_back() {
    GIVING_BACK.store(true, Relaxed);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::give_back();
}

/// Between two runs: gives the memory of small blocks back to the system, if memory is to be fresh.
pub fn between_runs() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if GIVING_BACK.load(Relaxed) {
        glibc::trim();
    }
}
