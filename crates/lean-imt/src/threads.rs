//! Where a batch is hashed: on the calling thread, or on rayon's threads too.

use rotortree_hasher::{Hash, Hasher};

use crate::TreeError;

/// Leaves hashed up together, so that a block's inner levels are still in cache when they are read.
const BLOCK: usize = 4096;

/// Groups that are handed on and hashed at a time, while they are in the innermost cache.
const PIECE: usize = 32;

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

    /// Hashes groups, whose children are also given to `stage`, in order.
    pub(crate) fn hash_groups<H: Hasher, const N: usize>(
        self,
        hasher: &H,
        children: &[Hash],
        parents: &mut [Hash],
        stage: &mut impl FnMut(&[Hash]) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        hash_on_this_thread::<H, N>(hasher, children, parents, stage)
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

    /// Hashes groups, whose children are also given to `stage`, in order.
    pub(crate) fn hash_groups<H: Hasher, const N: usize>(
        self,
        hasher: &H,
        children: &[Hash],
        parents: &mut [Hash],
        stage: &mut impl FnMut(&[Hash]) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        use rayon::prelude::*;
        /// Groups that one task hashes: enough to outweigh handing them over, few enough to share a slow hasher's work.
        const GRAIN: usize = 512;
        if self == Self::Caller || parents.len() < 2 * GRAIN {
            return hash_on_this_thread::<H, N>(hasher, children, parents, stage);
        }
        let shares = children
            .par_chunks(GRAIN * N)
            .zip(parents.par_chunks_mut(GRAIN));
        // Staging copies to memory, which this thread does while the others hash.
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| {
                shares.for_each(|(children, parents)| hasher.hash_groups(N, children, parents));
            });
            stage(children)
        })
    }
}

/// Piece by piece: what staging has read is in cache when it is hashed, and what it has written goes to memory meanwhile.
fn hash_on_this_thread<H: Hasher, const N: usize>(
    hasher: &H,
    children: &[Hash],
    parents: &mut [Hash],
    stage: &mut impl FnMut(&[Hash]) -> Result<(), TreeError>,
) -> Result<(), TreeError> {
    let pieces = children.chunks(PIECE * N).zip(parents.chunks_mut(PIECE));
    for (children, parents) in pieces {
        stage(children)?;
        hasher.hash_groups(N, children, parents);
    }
    Ok(())
}
