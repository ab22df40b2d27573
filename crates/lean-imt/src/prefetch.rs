//! Prefetches what is read soon.

/// Starts to fetch nodes, or another value, into the processor's cache and does not wait, for a
/// [`NodeSource`](crate::NodeSource) whose nodes are mapped. Does nothing on CPUs other than x86-64.
///
/// ```
/// rotortree_lean_imt::prefetch(&[[1; 32], [2; 32]]);
/// ```
#[inline(always)]
pub fn prefetch<T: ?Sized>(value: &T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        /// Bytes of a cache line.
        const LINE: usize = 64;
        let first = core::ptr::from_ref(value).cast::<i8>();
        for offset in (0..size_of_val(value)).step_by(LINE) {
            // SAFETY: the instruction is part of SSE, which every x86-64 CPU has; it changes no
            // visible state and never faults, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(offset)) };
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = value;
}
