//! The tree of `ct-merkle`, which is that of RFC 6962. It hashes the leaves as well.

use ct_merkle::{InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use sha2::Sha256;

use crate::tree::{Hash, Outcome, Tree};

/// A tree, and its last root.
pub struct CtMerkle {
    tree: MemoryBackedTree<Sha256, Hash>,
    root: RootHash<Sha256>,
}

impl Tree for CtMerkle {
    type Proof = InclusionProof<Sha256>;

    fn empty() -> Outcome<Self> {
        let tree = MemoryBackedTree::new();
        let root = tree.root();
        Ok(Self { tree, root })
    }

    fn append(&mut self, leaves: &[Hash]) -> Outcome<Hash> {
        for leaf in leaves {
            self.tree.push(*leaf);
        }
        self.root = self.tree.root();
        Ok((*self.root.as_bytes()).into())
    }

    fn prove(&self, index: usize) -> Outcome<Self::Proof> {
        Ok(self.tree.prove_inclusion(index))
    }

    fn verify(&self, proof: &Self::Proof, index: usize, leaf: &Hash) -> bool {
        self.root
            .verify_inclusion(leaf, index as u64, proof)
            .is_ok()
    }
}
