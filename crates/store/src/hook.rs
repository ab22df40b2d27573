//! [`InsertHook`]: code of others that is a part of each insert. It may refuse the leaves, and
//! learns which leaves the tree has taken.

use std::{fmt, sync::Arc};

use rotortree_hasher::Hash;
use rotortree_lean_imt::AnySnapshot;

use crate::{RotorTreeError, fork::Process};

/// A part of each insert into a tree: it refuses leaves before the insert changes anything, and
/// learns of the leaves once they are hashed. `rotortree-index` is one.
///
/// [`RotorTreeBuilder::insert_hook`](crate::RotorTreeBuilder::insert_hook) sets it. One opening
/// and its inserts call it in this order:
///
/// 1. [`opened`](Self::opened), once, with everything that recovery found. Recovery itself asks
///    no hook: a leaf that is in the tree stays there.
/// 2. [`check`](Self::check), for each entry with leaves, after the tree's own checks and before
///    the first change: before the hasher, the log and the chunks of a large batch.
/// 3. [`inserted`](Self::inserted), after the last hash of that entry and before readers see it.
///    It does not come if the insert fails behind `check`. The next `check` then has the same
///    `first`.
/// 4. [`checkpointed`](Self::checkpointed) as the last step of a checkpoint, and
///    [`closed`](Self::closed), once, as the last step of closing: the moments at which a hook may
///    save what it knows.
///
/// `check` and `inserted` run under the writer lock of the tree, on the inserting thread: no other
/// insert comes between them, and each waits for them. The rules of a hasher hold for both:
///
/// * A method of the tree that writes, or waits for a write, returns
///   [`StorageError::Reentered`](crate::StorageError::Reentered). Reading methods and
///   [`Published`] answer. Waiting for another thread that writes to the tree never ends.
/// * A panic of `check` reaches the caller of the insert and changes nothing. A panic of `inserted`
///   fails the tree, since the hook may lack leaves from then on: opening the tree again recovers
///   what is durable.
/// * The inserts that never wait (`try_submit` and its short forms) wait for the hook.
///
/// `checkpointed` and `closed` run under no lock, on the thread that makes the checkpoint or that
/// closes. The next checkpoint, and other calls that close, wait for them. Their panics are caught.
///
/// A fork is a tree of its own, in memory, without the hook. A read-only view has none either.
///
/// ```
/// # use {rotortree_lean_imt::*, rotortree_store::*};
/// use std::sync::Arc;
///
/// /// Refuses leaves that begin with a zero byte.
/// #[derive(Debug)]
/// struct NoZeroByte;
///
/// impl InsertHook for NoZeroByte {
///     fn check(&self, _first: u64, leaves: &[Hash]) -> Result<(), RotorTreeError> {
///         match leaves.iter().position(|leaf| leaf[0] == 0) {
///             Some(position) => Err(Refusal::new(position, "it begins with a zero byte").into()),
///             None => Ok(()),
///         }
///     }
///
///     fn inserted(&self, _first: u64, _leaves: &[Hash]) {}
/// }
///
/// # let dir = tempfile::tempdir()?;
/// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(dir.path()))
///     .insert_hook(Arc::new(NoZeroByte))
///     .open(Blake3Hasher)?;
/// let refused = tree.insert_many(&[[1; 32], [0; 32]]).unwrap_err();
/// assert!(matches!(refused, RotorTreeError::Refused(Refusal { position: 1, .. })));
/// assert_eq!(tree.size(), 0, "nothing was inserted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait InsertHook: fmt::Debug + Send + Sync {
    /// The tree is open, and no insert has begun. Runs on the thread that opens, under no lock. An
    /// error, or a panic, ends the opening.
    ///
    /// # Errors
    /// Those of the hook; [`RotorTreeError::Hook`] takes any.
    fn opened(&self, tree: Published) -> Result<(), RotorTreeError> {
        drop(tree);
        Ok(())
    }

    /// Whether the tree may take `leaves`, the first of them as leaf `first`.
    ///
    /// # Errors
    /// [`RotorTreeError::Refused`] with the first leaf that the hook refuses. Any other error too
    /// ends the insert before it changes anything.
    fn check(&self, first: u64, leaves: &[Hash]) -> Result<(), RotorTreeError>;

    /// The tree has taken `leaves`, those of the last [`check`](Self::check).
    fn inserted(&self, first: u64, leaves: &[Hash]);

    /// A checkpoint is in force that covers more than the one before. Inserts go on meanwhile. A
    /// method that makes a checkpoint, or waits for one, never ends from within this call.
    fn checkpointed(&self) {}

    /// The tree is closed, whether or not it was [`opened`](Self::opened) here. Unless closing
    /// failed, [`Published::durable_snapshot`] is all of it.
    fn closed(&self) {}
}

/// The published states of a tree: what its readers see. Neither keeps the tree open nor takes a
/// lock, and answers with the last state once the tree is closed.
#[derive(Clone)]
pub struct Published {
    snapshots: Arc<dyn Snapshots>,
    process: Process,
}

/// Both snapshots of a tree of any type.
pub(crate) trait Snapshots: Send + Sync {
    fn published(&self) -> Arc<dyn AnySnapshot>;
    fn durable(&self) -> Arc<dyn AnySnapshot>;
}

impl Published {
    pub(crate) fn new(snapshots: Arc<dyn Snapshots>) -> Self {
        Self {
            snapshots,
            process: Process::current(),
        }
    }

    /// Whether this is a forked child of the process that opened the tree. The parent's threads do
    /// not run here, and what they locked at the fork stays locked: a hook that has locks of its
    /// own asks this before it takes one. The cost is that of a load.
    #[must_use]
    pub fn is_in_forked_child(&self) -> bool {
        !self.process.is_current()
    }

    /// The tree as it is now; as [`RotorTree::snapshot`](crate::RotorTree::snapshot).
    #[must_use]
    pub fn snapshot(&self) -> Arc<dyn AnySnapshot> {
        self.snapshots.published()
    }

    /// The tree as of the last sync; as
    /// [`RotorTree::durable_snapshot`](crate::RotorTree::durable_snapshot).
    #[must_use]
    pub fn durable_snapshot(&self) -> Arc<dyn AnySnapshot> {
        self.snapshots.durable()
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("size", &self.snapshot().size())
            .finish_non_exhaustive()
    }
}
