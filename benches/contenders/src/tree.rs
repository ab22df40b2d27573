//! [`Tree`]: what the trees have in common. [`Function`]: the hash functions of those that take any.

use std::path::Path;
use std::time::Duration;

use sha2::Digest;

/// Why a task fails.
pub type Failure = Box<dyn std::error::Error>;
/// The result of a task.
pub type Outcome<T> = Result<T, Failure>;
/// A leaf or a node.
pub type Hash = [u8; 32];

/// A tree that grows.
pub trait Tree: Sized {
    /// What shows that a leaf is in the tree.
    type Proof;

    /// A tree in memory without leaves.
    fn empty() -> Outcome<Self>;

    /// Appends leaves and computes the new root.
    fn append(&mut self, leaves: &[Hash]) -> Outcome<Hash>;

    /// A tree in memory whose proofs can be verified.
    fn provable(leaves: &[Hash]) -> Outcome<Self> {
        let mut tree = Self::empty()?;
        tree.append(leaves)?;
        Ok(tree)
    }

    /// The proof for a leaf.
    fn prove(&self, index: usize) -> Outcome<Self::Proof>;

    /// Whether a proof holds.
    fn verify(&self, proof: &Self::Proof, index: usize, leaf: &Hash) -> bool;

    /// The time of appending batches to a new tree at `path`. Each is on disk before the next.
    fn append_durably(_path: &Path, _batches: &[&[Hash]]) -> Outcome<Duration> {
        Err("This tree has no durability point.".into())
    }
}

/// A hash function over bytes.
pub trait Function: Clone + Default {
    /// The hash.
    fn hash(bytes: &[u8]) -> Hash;

    /// The hash of a pair.
    fn hash_pair(left: &Hash, right: &Hash) -> Hash {
        Self::hash([*left, *right].as_flattened())
    }
}

/// BLAKE3, by its own crate.
#[derive(Clone, Default)]
pub struct Blake3;

impl Function for Blake3 {
    fn hash(bytes: &[u8]) -> Hash {
        *blake3::hash(bytes).as_bytes()
    }
}

/// SHA-256, by RustCrypto's crate.
#[derive(Clone, Default)]
pub struct Sha256;

impl Function for Sha256 {
    fn hash(bytes: &[u8]) -> Hash {
        sha2::Sha256::digest(bytes).into()
    }
}
