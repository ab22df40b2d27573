//! Whether memory that was freed is recycled or fetched from the system again. Settings of glibc's malloc; elsewhere
//! nothing can be chosen, and rows tell warm and fresh memory apart in name only.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// Beyond any block that is measured.
    const NEVER: libc::c_int = libc::c_int::MAX;

    fn set(parameter: libc::c_int, value: libc::c_int) {
        // SAFETY: `mallopt` takes two numbers, keeps no pointer, and may be called at any time from one thread, which is the one that
        // measures; glibc takes the arena's lock. A parameter that it does not know is refused by its result.
        let accepted = unsafe { libc::mallopt(parameter, value) };
        debug_assert_eq!(accepted, 1, "malloc refuses parameter {parameter}");
    }

    pub(super) fn recycle() {
        set(libc::M_MMAP_MAX, 0);
        set(libc::M_TRIM_THRESHOLD, NEVER);
        set(libc::M_TOP_PAD, 16 << 20);
    }

    pub(super) fn give_back() {
        set(libc::M_TRIM_THRESHOLD, 128 << 10);
        set(libc::M_TOP_PAD, 128 << 10);
        set(libc::M_MMAP_THRESHOLD, 128 << 10);
        set(libc::M_MMAP_MAX, NEVER);
        // SAFETY: `malloc_trim` gives unused memory back to the system and touches no block in use.
        unsafe { libc::malloc_trim(0) };
    }
}

/// From now on freed memory is kept and used again.
pub fn recycle() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::recycle();
}

/// From now on every large block comes fresh from the system and goes back to it when it is freed.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::give_back();
}
