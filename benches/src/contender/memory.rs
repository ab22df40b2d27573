//! The trees in memory: ours and the peer's.

use std::hint::black_box;

use rotortree_lean_imt::{Hash, TreeHead, VerifyError};

use super::{MemoryTree, failure};
use crate::Outcome;
use crate::context::MAX_DEPTH;

/// Implements [`MemoryTree`] for the tree of a crate: both have the same methods.
macro_rules! memory_tree {
    ($(#[$doc:meta])* $name:ident of $from:ident, verified by $verify:expr) => {
        $(#[$doc])*
        pub struct $name<const N: usize, H = $from::Blake3Hasher>($from::LeanIMT<H, N, MAX_DEPTH>)
        where
            H: $from::Hasher;

        impl<const N: usize, H: $from::Hasher> std::fmt::Debug for $name<N, H> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} of {} leaves", stringify!($name), self.0.size())
            }
        }

        impl<const N: usize, H: $from::Hasher + Default> MemoryTree for $name<N, H> {
            type Snapshot = $from::TreeSnapshot<N, MAX_DEPTH>;
            type Proof = $from::NaryProof<N, MAX_DEPTH>;

            fn empty() -> Self {
                Self($from::LeanIMT::new(H::default()))
            }

            fn insert(&mut self, leaf: Hash) -> Outcome<Hash> {
                self.0.insert(leaf).map_err(failure)
            }

            fn insert_many(&mut self, leaves: &[Hash]) -> Outcome<Hash> {
                self.0.insert_many(leaves).map_err(failure)
            }

            fn snapshot(&self) -> Self::Snapshot {
                self.0.snapshot()
            }

            fn prove(snapshot: &Self::Snapshot, index: u64) -> Outcome<Self::Proof> {
                snapshot.generate_proof(index).map_err(failure)
            }

            fn prove_each(snapshot: &Self::Snapshot, indices: &[u64]) -> Outcome<()> {
                for index in indices {
                    if let Err(error) = black_box(&snapshot.generate_proof(*index)) {
                        return Err(failure(error));
                    }
                }
                Ok(())
            }

            fn verify(proof: &Self::Proof, size: u64, root: &Hash) -> Outcome<bool> {
                let verify: fn(&Self::Proof, TreeHead) -> Outcome<bool> = $verify;
                verify(proof, TreeHead { size, root: *root })
            }
        }
    };
}

memory_tree!(
    /// Our tree in memory.
    Ours of rotortree,
    verified by |proof, head| match proof.verify_against(&H::default(), head) {
        Ok(()) => Ok(true),
        Err(VerifyError::RootMismatch { .. } | VerifyError::SizeMismatch { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
);
memory_tree!(
    /// The peer's tree in memory.
    Peer of peer,
    verified by |proof, head| {
        let verified = proof.verify_against(&H::default(), head.root);
        verified.map_err(failure)
    }
);
