//! The JSON of RFC 6962: the answers of `get-proof-by-hash` and `get-sth-consistency`.

use base64::{Engine, engine::general_purpose::STANDARD};
use rotortree_lean_imt::{ConsistencyProof, Hash, Kind, NaryProof, TreeHead};
use serde_json::{Value, json};

use crate::{FormError, Subject};

/// The deepest tree.
const MAX_DEPTH: usize = 64;

pub(crate) fn write(subject: &Subject, bytes: &[u8]) -> Result<Value, FormError> {
    let kind = subject.decode(bytes)?.kind();
    let hasher = &subject.hash.hasher;
    match (kind, subject.arity, subject.old) {
        (Kind::Inclusion, 2, _) => {
            let proof = NaryProof::<2, MAX_DEPTH>::from_bytes(bytes, hasher, subject.head);
            let proof = proof.map_err(FormError::NotOfHeads)?;
            Ok(json!({
                "leaf_index": proof.leaf_index,
                "audit_path": encode(&proof.to_rfc6962()?),
            }))
        }
        (Kind::Consistency, 2, Some(old)) => {
            let proof =
                ConsistencyProof::<2, MAX_DEPTH>::from_bytes(bytes, hasher, old, subject.head);
            let proof = proof.map_err(FormError::NotOfHeads)?;
            Ok(json!({ "consistency": encode(&proof.to_rfc6962()?) }))
        }
        _ => Err(subject.no_such_form(kind)),
    }
}

fn encode(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

/// The hashes of a list.
fn decode(list: &Value) -> Result<Vec<Hash>, FormError> {
    let refused = |at: usize| {
        FormError::Unreadable(format!("hash {at} of the list is not 32 bytes in base64"))
    };
    let list = list
        .as_array()
        .ok_or_else(|| FormError::unreadable("the hashes of the proof are not a list"))?;
    let hash = |(at, text): (usize, &Value)| {
        let bytes = text.as_str().and_then(|text| STANDARD.decode(text).ok());
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| refused(at))
    };
    list.iter().enumerate().map(hash).collect()
}

/// The canonical bytes of the audit path of a leaf.
pub(crate) fn read_inclusion(
    value: &Value,
    leaf: Hash,
    index: u64,
    head: TreeHead,
) -> Result<Vec<u8>, FormError> {
    let path = decode(&value["audit_path"])?;
    let proof = NaryProof::<2, MAX_DEPTH>::from_rfc6962(leaf, index, head, &path)?;
    Ok(proof.to_bytes()?)
}

/// The canonical bytes of a proof of growth.
pub(crate) fn read_consistency(
    value: &Value,
    old: TreeHead,
    head: TreeHead,
) -> Result<Vec<u8>, FormError> {
    let list = decode(&value["consistency"])?;
    let proof = ConsistencyProof::<2, MAX_DEPTH>::from_rfc6962(old, head, &list)?;
    Ok(proof.to_bytes()?)
}
