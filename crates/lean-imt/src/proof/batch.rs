//! Many inclusion proofs against one head, hashed level by level across proofs so that the hasher works on many groups at
//! a time.

mod lanes;
mod proof;

use alloc::vec::Vec;
use rotortree_hasher::Hasher;

use self::{
    lanes::{CHILDREN, LANES, Lanes},
    proof::Proof,
};
use super::{UnrootedInclusion, inclusion::NaryProof};
use crate::{TreeError, TreeHead, arity::assert_arity};

/// A proof of a batch that does not hold.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, NaryProof};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let head = tree.head().expect("the tree is not empty");
/// let snapshot = tree.snapshot();
/// let mut proofs = vec![snapshot.generate_proof(0)?, snapshot.generate_proof(1)?];
/// assert!(NaryProof::verify_batch(&Blake3Hasher, head, &proofs).is_empty());
///
/// proofs[1].leaf = [9; 32];
/// let failures = NaryProof::verify_batch(&Blake3Hasher, head, &proofs);
/// assert_eq!(failures.len(), 1);
/// assert_eq!(failures[0].index, 1);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchFailure {
    /// Which proof of the batch, from 0.
    pub index: usize,
    /// Why it is malformed, or `None` where it is well-formed and does not hold.
    pub error: Option<TreeError>,
}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
    /// Verifies many proofs against one head from a trusted source, and says which do not hold: the same verdicts as
    /// [`verify_against`](Self::verify_against) gives one by one, several times as fast where the hasher works on many
    /// groups at a time. Allocates for failures only; about 24 KiB of stack. Under the feature `parallel` large batches are
    /// shared out between rayon's threads.
    pub fn verify_batch<H: Hasher>(
        hasher: &H,
        head: TreeHead,
        proofs: &[Self],
    ) -> Vec<BatchFailure> {
        verify_batch(hasher, head, proofs)
    }
}

impl<const N: usize> UnrootedInclusion<'_, N> {
    /// Verifies many proofs against one head from a trusted source, and says which do not hold; see
    /// [`NaryProof::verify_batch`].
    pub fn verify_batch<H: Hasher>(
        hasher: &H,
        head: TreeHead,
        proofs: &[Self],
    ) -> Vec<BatchFailure> {
        verify_batch(hasher, head, proofs)
    }
}

fn verify_batch<H: Hasher, P: Proof<N> + Sync, const N: usize>(
    hasher: &H,
    head: TreeHead,
    proofs: &[P],
) -> Vec<BatchFailure> {
    assert_arity::<H, N>();
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        /// Proofs that one task verifies: enough to outweigh handing them over.
        const SHARE: usize = 4 * LANES;
        if proofs.len() >= 2 * SHARE {
            let shares = proofs.par_chunks(SHARE).enumerate();
            let failures = shares.flat_map_iter(|(share, proofs)| {
                let first = share * SHARE;
                let failures = verify_share(hasher, head, proofs).into_iter();
                failures.map(move |failure| BatchFailure {
                    index: first + failure.index,
                    ..failure
                })
            });
            return failures.collect();
        }
    }
    verify_share(hasher, head, proofs)
}

fn verify_share<H: Hasher, P: Proof<N>, const N: usize>(
    hasher: &H,
    head: TreeHead,
    proofs: &[P],
) -> Vec<BatchFailure> {
    let mut failures = Vec::new();
    let Some(any) = proofs.first() else {
        return failures;
    };
    let mut fail = |index, error| failures.push(BatchFailure { index, error });
    let head_error = head.check(hasher, 0).err();
    let mut lanes = Lanes::new(any);
    let width = (CHILDREN / N).clamp(1, LANES);
    for start in (0..proofs.len()).step_by(width) {
        lanes.clear();
        for (index, proof) in proofs.iter().enumerate().skip(start).take(width) {
            match head_error
                .clone()
                .map_or_else(|| proof.precheck(hasher, head), Err)
            {
                Ok(true) => lanes.push(index, proof),
                Ok(false) => fail(index, None),
                Err(error) => fail(index, Some(error)),
            }
        }
        lanes.climb(hasher, head.size);
        for (number, node) in lanes.nodes() {
            if *node != head.root {
                fail(number, None);
            }
        }
    }
    failures.sort_unstable_by_key(|failure| failure.index);
    failures
}
