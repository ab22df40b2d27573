//! Copies around the cache.
//!
//! A large tree does not soon read the nodes that it appends. An ordinary store fetches the cache
//! line before it overwrites the line, and evicts the nodes that are hashed next; a streaming store
//! does neither. In return, only a [`fence`] orders streaming stores.
//!
//! On CPUs other than x86-64, copies are ordinary and the fence does nothing.

pub(super) use imp::{copy, fence};

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod imp {
    use core::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128, _mm256_loadu_si256,
        _mm256_stream_si256,
    };
    use rotortree_hasher::Hash;

    cpufeatures::new!(avx, "avx");

    /// Copies `count` nodes. No thread, this one included, may access `to` before a [`fence`].
    ///
    /// # Safety
    /// `from` can be read and `to` written for `count` nodes, they do not overlap, and `to` is
    /// aligned to 32 bytes.
    #[inline]
    pub(in crate::memory) unsafe fn copy(from: *const Hash, to: *mut Hash, count: usize) {
        if avx::get() {
            // SAFETY: the CPU has the feature, and the caller promises the rest.
            unsafe { copy_nodes(from, to, count) }
        } else {
            // SAFETY: the caller's promise.
            unsafe { copy_halves(from, to, count) }
        }
    }

    /// [`copy`], a node at a time. Loads of two nodes would wait where a kernel has just written
    /// them by two stores.
    ///
    /// # Safety
    /// As [`copy`].
    #[target_feature(enable = "avx")]
    unsafe fn copy_nodes(from: *const Hash, to: *mut Hash, count: usize) {
        let (from, to) = (from.cast::<__m256i>(), to.cast::<__m256i>());
        for node in 0..count {
            // SAFETY: within the nodes that the caller says can be read.
            let source = unsafe { from.add(node) };
            // SAFETY: within the nodes that the caller says can be written.
            let target = unsafe { to.add(node) };
            // SAFETY: `source` points to 32 bytes that can be read; this load asks for no
            // alignment.
            let value = unsafe { _mm256_loadu_si256(source) };
            // SAFETY: `target` points to 32 bytes that can be written; it is a multiple of 32
            // bytes after `to`, hence aligned. No thread accesses them before a fence, by the
            // caller's promise.
            unsafe { _mm256_stream_si256(target, value) };
        }
    }

    /// [`copy`], half a node at a time.
    ///
    /// # Safety
    /// As [`copy`].
    unsafe fn copy_halves(from: *const Hash, to: *mut Hash, count: usize) {
        let (from, to) = (from.cast::<__m128i>(), to.cast::<__m128i>());
        for half in 0..2 * count {
            // SAFETY: a node has two halves, so this half lies within the nodes that the caller
            // says can be read.
            let source = unsafe { from.add(half) };
            // SAFETY: the same, within the nodes that the caller says can be written.
            let target = unsafe { to.add(half) };
            // SAFETY: `source` points to 16 bytes that can be read; this load asks for no
            // alignment.
            let value = unsafe { _mm_loadu_si128(source) };
            // SAFETY: `target` points to 16 bytes that can be written; it is a multiple of 16
            // bytes after `to`, hence aligned. No thread accesses them before a fence, by the
            // caller's promise.
            unsafe { _mm_stream_si128(target, value) };
        }
    }

    /// Orders the copies of this thread before its later accesses.
    pub(in crate::memory) fn fence() {
        // SAFETY: the instruction is part of SSE, which every x86-64 has.
        unsafe { _mm_sfence() };
    }

    #[cfg(test)]
    mod tests {
        use alloc::vec;

        use super::*;

        #[repr(align(32))]
        struct Aligned([Hash; 9]);

        #[test]
        fn both_ways_copy_the_same() {
            let from: [Hash; 9] = core::array::from_fn(|node| [node as u8 + 1; 32]);
            for count in 0..=9 {
                let mut expected = vec![[0; 32]; 9];
                expected[..count].copy_from_slice(&from[..count]);
                let mut to = Aligned([[0; 32]; 9]);
                // SAFETY: both have `count` nodes, and the second is aligned.
                unsafe { copy_halves(from.as_ptr(), to.0.as_mut_ptr(), count) };
                fence();
                assert_eq!(to.0, expected[..]);
                if avx::get() {
                    let mut to = Aligned([[0; 32]; 9]);
                    // SAFETY: the same, and the CPU has the feature.
                    unsafe { copy_nodes(from.as_ptr(), to.0.as_mut_ptr(), count) };
                    fence();
                    assert_eq!(to.0, expected[..]);
                }
            }
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod imp {
    use rotortree_hasher::Hash;

    /// Copies `count` nodes. No thread, this one included, may access `to` before a [`fence`].
    ///
    /// # Safety
    /// `from` can be read and `to` written for `count` nodes, they do not overlap, and `to` is
    /// aligned to 16 bytes.
    pub(in crate::memory) unsafe fn copy(from: *const Hash, to: *mut Hash, count: usize) {
        // SAFETY: the caller's promise.
        unsafe { core::ptr::copy_nonoverlapping(from, to, count) };
    }

    /// Ordinary copies need no fence.
    pub(in crate::memory) fn fence() {}
}
