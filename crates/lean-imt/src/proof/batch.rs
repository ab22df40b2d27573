//! Many inclusion proofs against one head, hashed level by level across proofs so that the hasher
//! works on many groups at a time.

mod lanes;
mod proof;

use alloc::vec::Vec;
use core::fmt;
use rotortree_hasher::Hasher;
#[cfg(feature = "parallel")]
use std::sync::{Mutex, PoisonError};

use self::{
    lanes::{CHILDREN, LANES, Lanes},
    proof::Proof,
};
use super::{UnrootedInclusion, inclusion::NaryProof};
#[cfg(feature = "parallel")]
use crate::threads::shares;
use crate::{TreeHead, VerifyError, arity::assert_arity};

/// A proof of a batch that does not hold.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, NaryProof, VerifyError};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let head = tree.head().expect("the tree is not empty");
/// let snapshot = tree.snapshot();
/// let mut proofs = vec![snapshot.generate_proof(0)?, snapshot.generate_proof(1)?];
/// NaryProof::verify_batch(&Blake3Hasher, head, &proofs)?;
///
/// proofs[1].leaf = [9; 32];
/// let error = NaryProof::verify_batch(&Blake3Hasher, head, &proofs).unwrap_err();
/// assert_eq!(error.failures.len(), 1);
/// assert_eq!(error.failures[0].index, 1);
/// assert_eq!(error.failures[0].error, VerifyError::RootMismatch { head });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchFailure {
    /// The number of the proof in the batch, from 0.
    pub index: usize,
    /// Why the proof does not hold: the error of `verify_against` for this proof alone.
    pub error: VerifyError,
}

/// The proofs of a batch that do not hold, at least one. All others hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchError {
    /// The failures, in order of increasing indices.
    pub failures: Vec<BatchFailure>,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} proofs of the batch do not hold", self.failures.len())?;
        match self.failures.first() {
            Some(first) => write!(f, ", the first at index {}: {}", first.index, first.error),
            None => Ok(()),
        }
    }
}

impl core::error::Error for BatchError {}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
    /// Verifies many proofs against one head from a trusted source, and names those that do not
    /// hold. The verdicts are those of [`verify_against`](Self::verify_against) one by one; with a
    /// hasher that hashes many groups at a time, verification is several times as fast. Allocates
    /// for failures only, and takes about 24 KiB of stack. With the feature `parallel` rayon's
    /// threads share large batches.
    ///
    /// # Errors
    /// [`BatchError`], which names each proof that does not hold and says why.
    pub fn verify_batch<H: Hasher>(
        hasher: &H,
        head: TreeHead,
        proofs: &[Self],
    ) -> Result<(), BatchError> {
        verify_batch(hasher, head, proofs)
    }
}

impl<const N: usize> UnrootedInclusion<'_, N> {
    /// Verifies many proofs against one head from a trusted source, and names those that do not
    /// hold; see [`NaryProof::verify_batch`].
    ///
    /// # Errors
    /// As [`NaryProof::verify_batch`].
    pub fn verify_batch<H: Hasher>(
        hasher: &H,
        head: TreeHead,
        proofs: &[Self],
    ) -> Result<(), BatchError> {
        verify_batch(hasher, head, proofs)
    }
}

fn verify_batch<H: Hasher, P: Proof<N> + Sync, const N: usize>(
    hasher: &H,
    head: TreeHead,
    proofs: &[P],
) -> Result<(), BatchError> {
    assert_arity::<H, N>();
    #[cfg(feature = "parallel")]
    if proofs.len() >= 4 * SHARE {
        return verdict(verify_shares(hasher, head, proofs));
    }
    verdict(verify_share(hasher, head, proofs))
}

/// The number of proofs that a thread takes at a time: enough to outweigh the cost of taking them.
#[cfg(feature = "parallel")]
const SHARE: usize = 2 * LANES;

/// Verifies large batches on all threads.
#[cfg(feature = "parallel")]
fn verify_shares<H: Hasher, P: Proof<N> + Sync, const N: usize>(
    hasher: &H,
    head: TreeHead,
    proofs: &[P],
) -> Vec<BatchFailure> {
    let all = Mutex::new(Vec::new());
    let lock = || all.lock().unwrap_or_else(PoisonError::into_inner);
    shares::for_each(proofs.len().div_ceil(SHARE), |share| {
        let first = share * SHARE;
        let end = proofs.len().min(first + SHARE);
        let failures = verify_share(hasher, head, &proofs[first..end]);
        if !failures.is_empty() {
            lock().extend(failures.into_iter().map(|failure| BatchFailure {
                index: first + failure.index,
                ..failure
            }));
        }
    });
    let mut failures = core::mem::take(&mut *lock());
    failures.sort_unstable_by_key(|failure: &BatchFailure| failure.index);
    failures
}

fn verdict(failures: Vec<BatchFailure>) -> Result<(), BatchError> {
    if failures.is_empty() {
        Ok(())
    } else {
        Err(BatchError { failures })
    }
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
    let head_error = head.check(hasher, 0).err().map(VerifyError::Malformed);
    let mut lanes = Lanes::new(any);
    let width = (CHILDREN / N).clamp(1, LANES);
    for start in (0..proofs.len()).step_by(width) {
        lanes.clear();
        for (index, proof) in proofs.iter().enumerate().skip(start).take(width) {
            match head_error
                .clone()
                .map_or_else(|| proof.precheck(hasher, head), Err)
            {
                Ok(()) => lanes.push(index, proof),
                Err(error) => fail(index, error),
            }
        }
        lanes.climb(hasher, head.size);
        for (number, node) in lanes.nodes() {
            if let Err(error) = head.expect_root(node) {
                fail(number, error);
            }
        }
    }
    failures.sort_unstable_by_key(|failure| failure.index);
    failures
}
