//! The input of zk-kit's circuit `BinaryMerkleRoot`.

use rotortree_lean_imt::{AnyProof, BinaryPath, Hash, Hex, LeanImtProof, TreeError, TreeHead};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FormError, Subject};

/// Levels of the deepest tree.
const DEEPEST: usize = 64;

/// The path of an inclusion proof.
pub(crate) fn path(
    subject: &Subject,
    proof: &AnyProof<'_>,
) -> Result<BinaryPath<DEEPEST>, FormError> {
    match proof.binary_path::<DEEPEST>() {
        Err(TreeError::NoSuchForm { .. }) => Err(subject.no_such_form(proof.kind())),
        path => Ok(path?),
    }
}

/// A hash as the number that a circuit computes with.
fn number(is_little_endian: bool, bytes: &Hash) -> Hash {
    let mut number = *bytes;
    if is_little_endian {
        number.reverse();
    }
    number
}

pub(crate) fn write(subject: &Subject, proof: &AnyProof<'_>) -> Result<Signals, FormError> {
    let path = path(subject, proof)?;
    let levels = subject.levels.unwrap_or(path.length.max(1));
    if levels < path.length || levels > DEEPEST {
        return Err(FormError::Levels {
            needed: path.length,
            levels,
        });
    }
    let text = |bytes: &Hash| Hex(number(subject.hash.is_little_endian, bytes)).to_string();
    let bits = path.bits();
    Ok(Signals {
        leaf: proof.leaves().map(|(_, leaf)| text(leaf)).collect(),
        depth: path.length,
        indices: bits[..levels].iter().map(|bit| u8::from(*bit)).collect(),
        siblings: path.siblings[..levels].iter().map(text).collect(),
    })
}

/// The input of the circuit.
#[derive(Deserialize, Serialize)]
pub(crate) struct Signals {
    leaf: String,
    depth: usize,
    indices: Vec<u8>,
    siblings: Vec<String>,
}

/// The path as a proof of zk-kit, which names the root that the verifier trusts.
pub(crate) fn read(
    value: Value,
    is_little_endian: bool,
    head: TreeHead,
) -> Result<LeanImtProof, FormError> {
    let refused = |error: String| FormError::Unreadable(error);
    let signals: Signals =
        serde_json::from_value(value).map_err(|error| refused(error.to_string()))?;
    let hash_of = |text: &String| match text.parse::<Hex>() {
        Ok(Hex(bytes)) => Ok(number(is_little_endian, &bytes)),
        Err(error) => Err(refused(error.to_string())),
    };
    let used = signals.siblings.get(..signals.depth);
    let bits = signals
        .indices
        .get(..signals.depth)
        .filter(|bits| bits.len() <= DEEPEST);
    let (Some(used), Some(bits)) = (used, bits) else {
        return Err(refused(
            "there are fewer siblings or indices than `depth` says".to_owned(),
        ));
    };
    let index = bits.iter().rev().try_fold(0, |index: u64, bit| match bit {
        0 | 1 => Ok(index << 1 | u64::from(*bit)),
        _ => Err(refused(format!("an index of a level is 0 or 1, not {bit}"))),
    })?;
    Ok(LeanImtProof {
        root: head.root,
        leaf: hash_of(&signals.leaf)?,
        index,
        siblings: used.iter().map(hash_of).collect::<Result<_, _>>()?,
    })
}
