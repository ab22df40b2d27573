//! The tree of `semaphore-rs-trees`, of a fixed depth: `CascadingMerkleTree` over a vector.

use std::marker::PhantomData;

use semaphore_rs_hasher::Hasher;
use semaphore_rs_trees::InclusionProof;
use semaphore_rs_trees::cascading::CascadingMerkleTree;

use crate::tree::{Function, Hash, Outcome, Tree};

/// The least depth for a million leaves.
const DEPTH: usize = 20;

/// A hash function over pairs.
pub struct Pairs<F>(PhantomData<F>);

impl<F: Function> Hasher for Pairs<F> {
    type Hash = Hash;

    fn hash_node(left: &Hash, right: &Hash) -> Hash {
        F::hash_pair(left, right)
    }
}

/// A tree.
pub struct Semaphore<F: Function>(CascadingMerkleTree<Pairs<F>>);

impl<F: Function> Tree for Semaphore<F> {
    type Proof = InclusionProof<Pairs<F>>;

    fn empty() -> Outcome<Self> {
        Ok(Self(CascadingMerkleTree::new(Vec::new(), DEPTH, &[0; 32])))
    }

    fn append(&mut self, leaves: &[Hash]) -> Outcome<Hash> {
        match leaves {
            [leaf] => self.0.push(*leaf).map_err(|error| error.to_string())?,
            _ => self.0.extend_from_slice(leaves),
        }
        Ok(self.0.root())
    }

    fn prove(&self, index: usize) -> Outcome<Self::Proof> {
        Ok(self.0.proof(index))
    }

    fn verify(&self, proof: &Self::Proof, _: usize, leaf: &Hash) -> bool {
        self.0.verify(*leaf, proof)
    }
}
