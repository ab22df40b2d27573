//! The tree of `rs_merkle`, which lifts a node without a sibling, as ours does.

use rs_merkle::{MerkleProof, MerkleTree};

use crate::tree::{Blake3, Function, Hash, Outcome, Sha256, Tree};

impl rs_merkle::Hasher for Blake3 {
    type Hash = Hash;

    fn hash(data: &[u8]) -> Hash {
        <Self as Function>::hash(data)
    }
}

impl rs_merkle::Hasher for Sha256 {
    type Hash = Hash;

    fn hash(data: &[u8]) -> Hash {
        <Self as Function>::hash(data)
    }
}

/// A tree, and its last root.
pub struct RsMerkle<F: rs_merkle::Hasher<Hash = Hash>> {
    tree: MerkleTree<F>,
    root: Hash,
}

impl<F: rs_merkle::Hasher<Hash = Hash>> Tree for RsMerkle<F> {
    type Proof = MerkleProof<F>;

    fn empty() -> Outcome<Self> {
        Ok(Self {
            tree: MerkleTree::new(),
            root: [0; 32],
        })
    }

    fn append(&mut self, leaves: &[Hash]) -> Outcome<Hash> {
        self.tree.append(&mut leaves.to_vec()).commit();
        self.root = self.tree.root().ok_or("A tree with leaves has a root.")?;
        Ok(self.root)
    }

    fn prove(&self, index: usize) -> Outcome<Self::Proof> {
        Ok(self.tree.proof(&[index]))
    }

    fn verify(&self, proof: &Self::Proof, index: usize, leaf: &Hash) -> bool {
        proof.verify(self.root, &[index], &[*leaf], self.tree.leaves_len())
    }
}
