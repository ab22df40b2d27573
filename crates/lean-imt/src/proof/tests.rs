//! Proofs against the reference tree, honest and hostile.

mod batch;
mod bytes;
mod consistency;
mod hasher;
mod hostile_sizes;
mod inclusion;
mod mutations;
mod places;
mod sets;
mod sizes;
mod update;
mod verdicts;

use rotortree_hasher::{Blake3Hasher, Hash};

use crate::{LeanIMT, TreeHead, TreeSnapshot, VerifyError, reference};

/// Deep enough for every size that the tests use, at every N.
pub(super) const DEPTH: usize = 12;

pub(super) fn leaves(count: usize) -> Vec<Hash> {
    reference::sample_leaves(7, count)
}

/// A tree over the first `size` sample leaves, as a snapshot.
pub(super) fn snapshot<const N: usize>(size: usize) -> TreeSnapshot<N, DEPTH> {
    let mut tree = LeanIMT::<_, N, DEPTH>::new(Blake3Hasher);
    if size > 0 {
        tree.insert_many(&leaves(size)).unwrap();
    }
    tree.snapshot()
}

/// The head of the first `size` sample leaves, from the reference.
pub(super) fn reference_head<const N: usize>(size: usize) -> TreeHead {
    TreeHead {
        size: size as u64,
        root: reference::root(&Blake3Hasher, N, &leaves(size)).unwrap_or_default(),
    }
}

/// Whether a proof was found false, or of another size, and not malformed.
pub(super) fn is_false(verdict: Result<(), VerifyError>) -> bool {
    matches!(
        verdict,
        Err(VerifyError::RootMismatch { .. } | VerifyError::SizeMismatch { .. })
    )
}

/// Runs a test that is generic over N for every N of the suite.
macro_rules! for_each_n {
    ($test:ident) => {
        for_each_n!($test, 2, 3, 4, 5, 8, 16)
    };
    ($test:ident, $($n:literal),+) => {
        $($test::<$n>();)+
    };
}
pub(super) use for_each_n;
