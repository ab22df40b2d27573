//! Prefetches nodes that are read soon.

use rotortree_hasher::Hash;

/// Starts to fetch these nodes into the processor's cache and does not wait, for a
/// [`NodeSource`](crate::NodeSource) whose nodes are mapped. Does nothing on CPUs other than x86-64.
///
/// ```
/// rotortree_lean_imt::prefetch(&[[1; 32], [2; 32]]);
/// ```
#[inline(always)]
pub fn prefetch(nodes: &[Hash]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        /// Nodes of a cache line.
        const LINE: usize = 2;
        for line in nodes.chunks(LINE) {
            // SAFETY: the address is that of a node. The instruction is part of SSE, which every
            // x86-64 CPU has; it changes no visible state and never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = nodes;
}
