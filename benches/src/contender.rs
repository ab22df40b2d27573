//! The trees that are compared. Ours and the peer's implement the same two traits, so a row is
//! written once for both.

mod durable;
mod memory;
mod session;

use std::path::Path;
use std::time::Duration;

use rotortree_lean_imt::Hash;

pub use self::durable::{OursDurable, PeerDurable};
pub use self::memory::{Ours, Peer};
pub use self::session::Session;
use crate::{Failure, Outcome};

/// A tree in memory.
pub trait MemoryTree: Sized + Send {
    /// An immutable view.
    type Snapshot;
    /// Proof that a leaf is in the tree.
    type Proof;

    /// An empty tree.
    fn empty() -> Self;

    /// Appends a leaf; the new root.
    ///
    /// # Errors
    /// The tree's.
    fn insert(&mut self, leaf: Hash) -> Outcome<Hash>;

    /// Appends leaves; the new root.
    ///
    /// # Errors
    /// The tree's.
    fn insert_many(&mut self, leaves: &[Hash]) -> Outcome<Hash>;

    /// The tree as it is.
    fn snapshot(&self) -> Self::Snapshot;

    /// The proof for a leaf.
    ///
    /// # Errors
    /// The tree's.
    fn prove(snapshot: &Self::Snapshot, index: u64) -> Outcome<Self::Proof>;

    /// Makes the proof for each of some leaves and drops it, with nothing moved in between: a proof
    /// is kilobytes.
    ///
    /// # Errors
    /// The tree's.
    fn prove_each(snapshot: &Self::Snapshot, indices: &[u64]) -> Outcome<()>;

    /// Whether a proof holds against a trusted head, as far as the tree can take one.
    ///
    /// # Errors
    /// The tree's.
    fn verify(proof: &Self::Proof, size: u64, root: &Hash) -> Outcome<bool>;
}

/// Settings of a durable tree. All other settings are the defaults.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The interval of background flushes; `None` for explicit flushes only.
    pub flush: Option<Duration>,
    /// The bytes of nodes that start a background checkpoint; `None` for explicit checkpoints only.
    pub checkpoint: Option<usize>,
    /// Whether opening verifies the stored nodes.
    pub verify: bool,
}

impl Settings {
    /// Explicit flushes and checkpoints only.
    pub const MANUAL: Self = Self {
        flush: None,
        checkpoint: None,
        verify: false,
    };

    /// Flushes every 10 ms, explicit checkpoints.
    pub const FLUSHING: Self = Self {
        flush: Some(Duration::from_millis(10)),
        ..Self::MANUAL
    };
}

/// A tree on disk.
pub trait DurableTree: Sized + Send + Sync {
    /// The durability token of an insert.
    type Token;

    /// Opens or creates the tree at `path`.
    ///
    /// # Errors
    /// The tree's.
    fn open(path: &Path, settings: Settings) -> Outcome<Self>;

    /// The number of leaves.
    fn size(&self) -> u64;

    /// Appends a leaf.
    ///
    /// # Errors
    /// The tree's.
    fn insert(&self, leaf: Hash) -> Outcome<Self::Token>;

    /// Appends leaves.
    ///
    /// # Errors
    /// The tree's.
    fn insert_many(&self, leaves: &[Hash]) -> Outcome<Self::Token>;

    /// Waits until an insert is durable. The tree flushes in the background, because the peer's
    /// wait requires that.
    ///
    /// # Errors
    /// The tree's.
    fn wait(token: &Self::Token) -> Outcome<()>;

    /// Appends a leaf and waits until it is durable.
    ///
    /// # Errors
    /// The tree's.
    fn insert_durable(&self, leaf: Hash) -> Outcome<()>;

    /// Takes a snapshot and drops it.
    fn take_snapshot(&self);

    /// Makes everything inserted so far durable.
    ///
    /// # Errors
    /// The tree's.
    fn flush(&self) -> Outcome<()>;

    /// Makes a checkpoint.
    ///
    /// # Errors
    /// The tree's.
    fn checkpoint(&self) -> Outcome<()>;

    /// Closes the tree.
    ///
    /// # Errors
    /// The tree's.
    fn close(self) -> Outcome<()>;
}

/// An error of a tree as a sentence: the peer's errors have no text of their own.
fn failure(error: impl std::fmt::Debug) -> Failure {
    format!("A tree fails: {error:?}.").into()
}
