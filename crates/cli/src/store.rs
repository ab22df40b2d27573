//! [`Store`]: a tree that is there, with the hash function that made it.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rotortree::{
    AnyReadOnly, AnySnapshot, AnyTree, AnyTreeBuilder, BackupProgress, Hasher, OpenProgress,
    RecoveryMode, RotorTreeError, StorageError, StoreIdentity, TreeHead, store::storage::Storage,
};

use crate::{
    directory_copy,
    failure::{Code, Failure},
    hash_function::{HashFunction, WithHasher},
    interrupt::Interrupt,
    place::Place,
    progress::{Progress, Unit},
};

/// A store, identified but not opened.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) identity: StoreIdentity,
    pub(crate) hash: HashFunction,
}

impl Store {
    /// The store at a place. Reads its manifest alone.
    pub(crate) fn at(place: &Place) -> Result<Self, Failure> {
        let storage = place.storage()?;
        let identity = StoreIdentity::read(&*storage)?.ok_or_else(|| {
            Failure::new(Code::Place, format!("{place}: there is no tree here"))
                .next(format!("`rotortree init {place}` creates one"))
        })?;
        let hash = HashFunction::of(&identity)?;
        Ok(Self {
            storage,
            identity,
            hash,
        })
    }

    /// Settings of opening. Durable damage is refused; chunks are checked when they are read, and
    /// `check` alone compares every node.
    pub(crate) fn builder(&self) -> AnyTreeBuilder {
        AnyTreeBuilder::on(Arc::clone(&self.storage))
            .recovery(RecoveryMode::Strict)
            .verify_checkpoint(false)
            .create_if_missing(false)
    }

    /// A view, which takes no lock, writes nothing and works beside a live writer.
    pub(crate) fn view(&self) -> Result<Arc<dyn AnyReadOnly>, Failure> {
        self.view_with(self.builder())
    }

    pub(crate) fn view_with(
        &self,
        builder: AnyTreeBuilder,
    ) -> Result<Arc<dyn AnyReadOnly>, Failure> {
        let opening = Opening::new();
        Ok(self.hash.with(OpenView(opening.shown_by(builder)))?)
    }

    /// The tree, owned: no other process can write it meanwhile.
    pub(crate) fn own(&self) -> Result<Arc<dyn AnyTree>, Failure> {
        self.own_with(self.builder())
    }

    pub(crate) fn own_with(&self, builder: AnyTreeBuilder) -> Result<Arc<dyn AnyTree>, Failure> {
        let opening = Opening::new();
        Ok(self.hash.with(OpenTree(opening.shown_by(builder)))?)
    }

    /// Copies the tree: from directory to directory byte for byte to an empty place, else as a
    /// backup, which has a tree id of its own, names this tree's, and goes on where an earlier call
    /// was cut short.
    pub(crate) fn copy_to(&self, from: &Place, target: &Place) -> Result<(), Failure> {
        let Some((from, to)) = from.directories(target) else {
            // Opened and closed, the tree has attested what a killed process left.
            match self.own() {
                Ok(tree) => tree.close()?,
                // As below.
                Err(failure) if failure.code() == Code::System => {}
                Err(failure) => return Err(failure),
            }
            return self.back_up_to(target).map(drop);
        };
        let _owned = match self.storage.acquire() {
            Err(StorageError::FileLocked) => return Err(StorageError::FileLocked.into()),
            // A place that cannot be owned, as on a read-only medium, has no writer. The copy is
            // checked in any case.
            other => other.ok(),
        };
        directory_copy::copy(from, to)
    }

    /// Copies the durable state as a backup, beside a process that may write the tree, or extends
    /// an earlier backup. Returns the leaves that are new in it, and its head.
    pub(crate) fn back_up_to(&self, target: &Place) -> Result<(Range<u64>, TreeHead), Failure> {
        let target = target.storage()?;
        let view = self.view()?;
        let mut bar = Progress::new("copying", Unit::Bytes, None);
        let pace =
            &mut |progress: BackupProgress| bar.step(Unit::Bytes, progress.done, progress.total);
        let done = view.backup_to_with_progress(target, pace);
        let done = done.or_else(|error| {
            Interrupt::check(|| "the copy is not whole; the same command goes on".to_owned())?;
            Err(Failure::from(error))
        })?;
        // Another process may have gone on meanwhile.
        let head = view.snapshot().snapshot_at(done.leaves.end)?.head();
        Ok((done.leaves, head.unwrap_or(TreeHead::EMPTY)))
    }

    /// The durable state now, or when the tree had `size` leaves.
    pub(crate) fn snapshot(&self, size: Option<u64>) -> Result<Arc<dyn AnySnapshot>, Failure> {
        let now = self.view()?.snapshot();
        match size {
            None => Ok(now),
            Some(size) => Ok(now.snapshot_at(size)?),
        }
    }

    /// The durable head. After an orderly close the manifest has it, whatever the size.
    pub(crate) fn head(&self) -> Result<TreeHead, Failure> {
        match self.identity.closed_at {
            Some(head) => Ok(head),
            None => Ok(self.view()?.head().unwrap_or(TreeHead::EMPTY)),
        }
    }
}

/// The progress of opening. Its bar ends with it, whatever keeps the callback.
struct Opening(Arc<Mutex<Option<Progress>>>);

impl Opening {
    fn new() -> Self {
        let bar = Progress::of("opening");
        Self(Arc::new(Mutex::new(Some(bar))))
    }

    fn shown_by(&self, builder: AnyTreeBuilder) -> AnyTreeBuilder {
        let bar = Arc::clone(&self.0);
        builder.progress(move |progress| {
            let (unit, done, total) = match progress {
                OpenProgress::Verified { done, total } => (Unit::Nodes, done, total),
                OpenProgress::Replayed { done, total } => (Unit::Bytes, done, total),
                _ => return,
            };
            if let Some(bar) = &mut *lock(&bar) {
                bar.set_of(unit, done, total);
            }
        })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        drop(lock(&self.0).take());
    }
}

fn lock(bar: &Mutex<Option<Progress>>) -> MutexGuard<'_, Option<Progress>> {
    bar.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a tree for writing.
pub(crate) struct OpenTree(pub(crate) AnyTreeBuilder);

impl WithHasher for OpenTree {
    type Output = Result<Arc<dyn AnyTree>, RotorTreeError>;

    fn with<H: Hasher>(self, hasher: H) -> Self::Output {
        self.0.open(hasher)
    }
}

struct OpenView(AnyTreeBuilder);

impl WithHasher for OpenView {
    type Output = Result<Arc<dyn AnyReadOnly>, RotorTreeError>;

    fn with<H: Hasher>(self, hasher: H) -> Self::Output {
        self.0.open_read_only(hasher)
    }
}
