//! The peer's tree in memory.

use std::hint::black_box;

use peer::{Blake3Hasher, LeanIMT, NaryProof, TreeSnapshot};
use rotortree_lean_imt::Hash;

use super::MemoryTree;
use crate::context::MAX_DEPTH;
use crate::{Failure, Outcome};

/// The peer's tree in memory.
pub struct Peer<const N: usize>(LeanIMT<Blake3Hasher, N, MAX_DEPTH>);

impl<const N: usize> std::fmt::Debug for Peer<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("size", &self.0.size())
            .finish()
    }
}

/// The peer's errors as sentences.
pub(super) fn failure(error: impl std::fmt::Debug) -> Failure {
    format!("The peer fails: {error:?}.").into()
}

impl<const N: usize> MemoryTree for Peer<N> {
    type Snapshot = TreeSnapshot<N, MAX_DEPTH>;
    type Proof = NaryProof<N, MAX_DEPTH>;

    fn empty() -> Self {
        Self(LeanIMT::new(Blake3Hasher))
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

    fn verify(proof: &Self::Proof, _: u64, root: &Hash) -> Outcome<bool> {
        proof.verify_against(&Blake3Hasher, *root).map_err(failure)
    }
}
