//! Our tree in memory.

use std::hint::black_box;

use rotortree_lean_imt::{
    Blake3Hasher, Hash, LeanIMT, NaryProof, TreeError, TreeHead, TreeSnapshot, VerifyError,
};

use super::MemoryTree;
use crate::Outcome;
use crate::context::MAX_DEPTH;

/// Our tree in memory.
#[derive(Debug)]
pub struct Ours<const N: usize>(pub LeanIMT<Blake3Hasher, N, MAX_DEPTH>);

impl<const N: usize> MemoryTree for Ours<N> {
    type Snapshot = TreeSnapshot<N, MAX_DEPTH>;
    type Proof = NaryProof<N, MAX_DEPTH>;

    fn empty() -> Self {
        Self(LeanIMT::new(Blake3Hasher))
    }

    fn insert(&mut self, leaf: Hash) -> Outcome<Hash> {
        self.0.insert(leaf).map_err(TreeError::into)
    }

    fn insert_many(&mut self, leaves: &[Hash]) -> Outcome<Hash> {
        self.0.insert_many(leaves).map_err(TreeError::into)
    }

    fn snapshot(&self) -> Self::Snapshot {
        self.0.snapshot()
    }

    fn prove(snapshot: &Self::Snapshot, index: u64) -> Outcome<Self::Proof> {
        snapshot.generate_proof(index).map_err(TreeError::into)
    }

    fn prove_each(snapshot: &Self::Snapshot, indices: &[u64]) -> Outcome<()> {
        for index in indices {
            if let Err(error) = black_box(&snapshot.generate_proof(*index)) {
                return Err(error.clone().into());
            }
        }
        Ok(())
    }

    fn verify(proof: &Self::Proof, size: u64, root: &Hash) -> Outcome<bool> {
        let head = TreeHead { size, root: *root };
        match proof.verify_against(&Blake3Hasher, head) {
            Ok(()) => Ok(true),
            Err(VerifyError::RootMismatch { .. } | VerifyError::SizeMismatch { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
