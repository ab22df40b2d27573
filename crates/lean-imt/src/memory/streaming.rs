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
    use core::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
    use rotortree_hasher::Hash;

    /// Copies `count` nodes. No thread, this one included, may access `to` before a [`fence`].
    ///
    /// # Safety
    /// `from` can be read and `to` written for `count` nodes, they do not overlap, and `to` is
    /// aligned to 16 bytes.
    pub(in crate::memory) unsafe fn copy(from: *const Hash, to: *mut Hash, count: usize) {
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
