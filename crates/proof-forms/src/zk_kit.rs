//! The proof object of Semaphore and `@zk-kit/lean-imt`.

use rotortree_lean_imt::{AnyProof, LeanImtProof, NaryProof, TreeHead};

use crate::{FormError, Subject, circuit};

/// The deepest tree.
const MAX_DEPTH: usize = 64;

pub(crate) fn write(subject: &Subject, proof: &AnyProof<'_>) -> Result<LeanImtProof, FormError> {
    let path = circuit::path(subject, proof)?;
    let leaf = proof.leaves().next().map_or([0; 32], |(_, leaf)| *leaf);
    Ok(LeanImtProof {
        root: subject.head.root,
        leaf,
        index: path.index,
        siblings: path.siblings[..path.length].to_vec(),
    })
}

/// The canonical bytes of a proof about the leaf at `leaf_index`.
pub(crate) fn read(
    proof: &LeanImtProof,
    leaf_index: u64,
    head: TreeHead,
) -> Result<Vec<u8>, FormError> {
    let proof = NaryProof::<2, MAX_DEPTH>::from_lean_imt(proof, leaf_index, head.size)?;
    Ok(proof.to_bytes()?)
}
