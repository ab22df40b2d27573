//! The input of zk-kit's circuit `BinaryMerkleRoot`.

use rotortree::{AnyProof, BinaryPath, Hash, Hex, LeanImtProof, TreeError, TreeHead};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Subject;
use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
};

/// Levels of the deepest tree.
const DEEPEST: usize = 64;

/// The path of an inclusion proof.
pub(super) fn path(
    subject: &Subject,
    proof: &AnyProof<'_>,
) -> Result<BinaryPath<DEEPEST>, Failure> {
    match proof.binary_path::<DEEPEST>() {
        Err(TreeError::NoSuchForm { .. }) => Err(subject.no_such_form(proof.kind())),
        path => Ok(path?),
    }
}

/// A hash as the number that a circuit computes with.
fn number(hash: HashFunction, bytes: &Hash) -> Hash {
    let mut number = *bytes;
    if hash == HashFunction::PoseidonLe {
        number.reverse();
    }
    number
}

pub(super) fn write(subject: &Subject, proof: &AnyProof<'_>) -> Result<Signals, Failure> {
    let path = path(subject, proof)?;
    let levels = subject.levels.unwrap_or(path.length.max(1));
    if levels < path.length || levels > DEEPEST {
        let sentence = format!(
            "the proof has {} hashed levels, and a circuit of {levels} levels is asked for",
            path.length
        );
        let most = format!("give --levels from {} to {DEEPEST}", path.length.max(1));
        return Err(Failure::new(Code::Usage, sentence).next(most));
    }
    let text = |bytes: &Hash| Hex(number(subject.hash, bytes)).to_string();
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
pub(super) struct Signals {
    leaf: String,
    depth: usize,
    indices: Vec<u8>,
    siblings: Vec<String>,
}

/// The path as a proof of zk-kit, which names the root that the verifier trusts.
pub(super) fn read(
    value: Value,
    hash: HashFunction,
    head: TreeHead,
) -> Result<LeanImtProof, Failure> {
    let refused = |error: String| Failure::new(Code::Input, error);
    let signals: Signals =
        serde_json::from_value(value).map_err(|error| refused(error.to_string()))?;
    let hash_of = |text: &String| match text.parse::<Hex>() {
        Ok(Hex(bytes)) => Ok(number(hash, &bytes)),
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
