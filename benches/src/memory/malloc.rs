//! Whether memory that was freed is recycled or fetched from the system again. Settings of glibc's
//! malloc; elsewhere nothing can be chosen, and rows tell warm and fresh memory apart in name only.

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

/// Whether freed memory goes back to the system.
static GIVING_BACK: AtomicBool = AtomicBool::new(false);

/// From now on freed memory is kept and used again.
pub fn recycle() {
    GIVING_BACK.store(false, Relaxed);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::recycle();
}

/// From now on every large block comes fresh from the system and goes back to it when it is freed.
pub fn give_back() {
    GIVING_BACK.store(true, Relaxed);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::give_back();
}

/// Between two runs: gives back what small blocks have left behind, if memory is to be fresh.
pub fn between_runs() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if GIVING_BACK.load(Relaxed) {
        glibc::trim();
    }
}
