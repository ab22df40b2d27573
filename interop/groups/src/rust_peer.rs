//! The LeanIMT of zk-kit in Rust, over our hasher.

use lean_imt::lean_imt::LeanIMT;
use rotortree_lean_imt::{Hash, Hasher};
use rotortree_poseidon::PoseidonHasher;

use crate::history::History;
use crate::outcome::{Outcome, same};

/// Compares the root after each batch, and the proofs at the end.
pub(crate) fn compare(history: &History) -> Outcome<()> {
    let hash = |children: &[u8]| -> Hash {
        let (children, _) = children.as_chunks::<32>();
        PoseidonHasher::new().hash_children(children)
    };
    let (tree, roots) = history.tree()?;
    let mut peer = LeanIMT::<32>::new(&[], hash)?;
    for (batch, root) in history.batches.iter().zip(&roots) {
        match batch.as_slice() {
            [leaf] => peer.insert(leaf, hash),
            leaves => peer.insert_many(leaves, hash)?,
        }
        same("a root of zk-kit-lean-imt", &Some(*root), &peer.root())?;
    }
    for (index, ours) in history.indices.iter().zip(history.proofs(&tree)?) {
        let theirs = peer.generate_proof(*index as usize)?;
        let parts = (
            theirs.root,
            theirs.leaf,
            theirs.index as u64,
            theirs.siblings,
        );
        let ours = (ours.root, ours.leaf, ours.index, ours.siblings);
        same("a proof of zk-kit-lean-imt", &ours, &parts)?;
    }
    Ok(())
}
