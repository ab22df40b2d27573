//! The members of the group, and its trees.

use std::ops::Range;

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, NaryProof, TreeError, TreeHead};
use rotortree_poseidon::PoseidonHasher;

const MAX_DEPTH: usize = 32;

pub(crate) type Proof = NaryProof<2, MAX_DEPTH>;
pub(crate) type Tree = LeanIMT<PoseidonHasher, 2, MAX_DEPTH>;

/// The commitment of a member: the hash of a tag, of this application alone, and of a secret.
pub(crate) fn member(index: u64) -> Hash {
    let mut secret = [0; 32];
    secret[24..].copy_from_slice(&index.to_be_bytes());
    let mut tag = [0; 32];
    tag[16..].copy_from_slice(b"removal, example");
    PoseidonHasher::new().hash_children(&[tag, secret, [0; 32]])
}

pub(crate) fn members(indices: Range<u64>) -> Vec<Hash> {
    indices.map(member).collect()
}

pub(crate) fn tree(members: &[Hash]) -> Result<Tree, TreeError> {
    let mut tree = Tree::new(PoseidonHasher::new());
    tree.insert_many(members)?;
    Ok(tree)
}

/// Whether the proof is one of the tree with this head.
pub(crate) fn holds(proof: &Proof, head: TreeHead) -> bool {
    proof.verify_against(&PoseidonHasher::new(), head).is_ok()
}
