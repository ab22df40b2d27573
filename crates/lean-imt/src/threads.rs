//! Where a batch is hashed: on the calling thread, or on rayon's threads too.

use rotortree_hasher::{Hash, Hasher};

/// Leaves hashed up together, so that a block's inner levels are still in cache when they are read.
const BLOCK: usize = 4096;

/// The threads that may hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The calling thread alone. For callers that hold a lock: a thread that waits for rayon may run other closures
    /// meanwhile, and those may want the lock.
    Caller,
    /// Rayon's as well.
    #[cfg(feature = "parallel")]
    All,
}

#[cfg(not(feature = "parallel"))]
impl Threads {
    /// What a method without a say in it uses.
    pub(crate) const fn default_for_batches() -> Self {
        Self::Caller
    }

    pub(crate) fn block_len(self) -> usize {
        BLOCK
    }

    pub(crate) fn hash_groups<H: Hasher, const N: usize>(
        self,
        hasher: &H,
        children: &[Hash],
        parents: &mut [Hash],
    ) {
        hasher.hash_groups(N, children, parents);
    }
}

#[cfg(feature = "parallel")]
impl Threads {
    /// What a method without a say in it uses.
    pub(crate) const fn default_for_batches() -> Self {
        Self::All
    }

    /// With several threads a block is shared out between them, so it is larger.
    pub(crate) fn block_len(self) -> usize {
        match self {
            Self::All if rayon::current_num_threads() > 1 => BLOCK * 16,
            _ => BLOCK,
        }
    }

    pub(crate) fn hash_groups<H: Hasher, const N: usize>(
        self,
        hasher: &H,
        children: &[Hash],
        parents: &mut [Hash],
    ) {
        use rayon::prelude::*;
        /// Groups that one task hashes: enough to outweigh handing them over, few enough to share a slow hasher's work.
        const GRAIN: usize = 512;
        if self == Self::Caller || parents.len() < 2 * GRAIN {
            hasher.hash_groups(N, children, parents);
        } else {
            let shares = children
                .par_chunks(GRAIN * N)
                .zip(parents.par_chunks_mut(GRAIN));
            shares.for_each(|(children, parents)| hasher.hash_groups(N, children, parents));
        }
    }
}
