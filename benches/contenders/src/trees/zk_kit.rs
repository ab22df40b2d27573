//! The tree of `zk-kit-lean-imt`, which is ours for pairs.

use std::marker::PhantomData;

use lean_imt::hashed_tree::{HashedLeanIMT, LeanIMTHasher};
use lean_imt::lean_imt::MerkleProof;

use crate::tree::{Function, Hash, Outcome, Tree};

/// A hash function over bytes.
#[derive(Clone, Default)]
pub struct Bytes<F>(PhantomData<F>);

impl<F: Function> LeanIMTHasher<32> for Bytes<F> {
    fn hash(input: &[u8]) -> Hash {
        F::hash(input)
    }
}

/// A tree.
pub struct ZkKit<F: Function>(HashedLeanIMT<32, Bytes<F>>);

impl<F: Function> Tree for ZkKit<F> {
    type Proof = MerkleProof<32>;

    fn empty() -> Outcome<Self> {
        let tree = HashedLeanIMT::new(&[], Bytes(PhantomData));
        Ok(Self(tree.map_err(|error| format!("{error:?}"))?))
    }

    fn append(&mut self, leaves: &[Hash]) -> Outcome<Hash> {
        match leaves {
            [leaf] => self.0.insert(leaf),
            _ => {
                let inserted = self.0.insert_many(leaves);
                inserted.map_err(|error| format!("{error:?}"))?;
            }
        }
        Ok(self.0.root().ok_or("A tree with leaves has a root.")?)
    }

    fn prove(&self, index: usize) -> Outcome<Self::Proof> {
        let proof = self.0.generate_proof(index);
        Ok(proof.map_err(|error| format!("{error:?}"))?)
    }

    fn verify(&self, proof: &Self::Proof, _: usize, _: &Hash) -> bool {
        HashedLeanIMT::<32, Bytes<F>>::verify_proof(proof)
    }
}
