//! Properties of proofs that are made from others: updated, or converted from the
//! JavaScript LeanIMT.
//!
//! As in [`lean_imt`](crate::lean_imt), a verdict is judged by its claim about the tree.

use rotortree_lean_imt::{
    Blake3Hasher, LeanImtProof, NaryProof, TreeHead, TreeSnapshot, UnrootedConsistency,
};

/// Changes the inputs of an update: an accepted result is the proof that the new tree makes.
///
/// A change is three bytes: the part, the byte in it, and the bits that are flipped.
pub fn check_update<const N: usize, const DEPTH: usize>(
    tree: &TreeSnapshot<N, DEPTH>,
    old_size: u64,
    changes: &[u8],
) {
    let (Ok(old_tree), Some(new)) = (tree.snapshot_at(old_size), tree.head()) else {
        return;
    };
    let Some(old) = old_tree.head() else {
        return;
    };
    let index = old_size - 1;
    let mut mine = old_tree.generate_proof(index).expect("the leaf exists");
    let growth = tree.generate_consistency_proof(old.size, old.root);
    let growth = growth.expect("an honest proof can be made");
    let mut bytes = growth.to_bytes().expect("an honest proof is encoded");
    for change in changes.chunks_exact(3) {
        let (at, value) = (usize::from(change[1]), change[2]);
        let level = at % DEPTH;
        match change[0] % 5 {
            0 => {
                let at = at % bytes.len();
                bytes[at] ^= value;
            }
            1 => mine.leaf[at % 32] ^= value,
            2 => mine.levels[level].siblings[at % N][at % 32] ^= value,
            3 => mine.levels[level].position ^= usize::from(value),
            _ => mine.levels[level].sibling_count ^= usize::from(value),
        }
    }
    let Ok(growth) = UnrootedConsistency::<N>::from_bytes(&bytes) else {
        return;
    };
    if let Ok(updated) = growth.update_inclusion_proof(&Blake3Hasher, &mine, old, new) {
        let fresh = tree.generate_proof(index).expect("the leaf exists");
        assert_eq!(updated, fresh);
    }
}

/// Takes any bytes as a JavaScript proof: packed path, leaf index and size, 8 bytes each, then leaf
/// and siblings. An accepted proof is true.
pub fn check_javascript<const DEPTH: usize>(tree: &TreeSnapshot<2, DEPTH>, bytes: &[u8]) {
    let Some((numbers, rest)) = bytes.split_first_chunk::<24>() else {
        return;
    };
    let (numbers, _) = numbers.as_chunks::<8>();
    let [index, leaf_index, tree_size] = [0, 1, 2].map(|at: usize| u64::from_le_bytes(numbers[at]));
    let head = tree.head().unwrap_or(TreeHead::EMPTY);
    let (hashes, _) = rest.as_chunks::<32>();
    let Some((leaf, siblings)) = hashes.split_first() else {
        return;
    };
    let theirs = LeanImtProof {
        root: head.root,
        leaf: *leaf,
        index,
        siblings: siblings.to_vec(),
    };
    let Ok(proof) = NaryProof::<2, DEPTH>::from_lean_imt(&theirs, leaf_index, tree_size) else {
        return;
    };
    assert_eq!(proof.to_lean_imt().expect("the shape is right"), theirs);
    if proof.verify_against(&Blake3Hasher, head).is_ok() {
        let honest = tree.generate_proof(leaf_index).expect("the leaf exists");
        assert_eq!(proof, honest);
    }
}
