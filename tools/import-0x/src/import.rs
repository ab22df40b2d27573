//! [`import`]: from an old directory to a new one.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use rotortree::{
    CheckpointPolicy, FlushPolicy, Hash, Hasher, RotorTree, RotorTreeConfig, TreeHead,
};

use crate::{Copied, Difference, ImportError, difference};

/// How many leaves are read and appended at once: 2 MiB.
const BATCH: u64 = 1 << 16;

/// The memory that the new tree may have ahead of its checkpoints.
const AHEAD: usize = 64 << 20;

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Size and root, of the old tree and the new one.
    pub head: TreeHead,
}

/// Imports the tree of a copy of an old directory into the directory `to`, where there is nothing.
/// Both hashers are of one hash function; N and MAX_DEPTH are those of the old tree.
///
/// `expected` is the root that the program knows which wrote the directory. Give it: the old crate
/// also opens a directory with damaged or missing files, with fewer leaves or others.
///
/// The new tree is built beside `to`, and renamed when it was read back. O(n) hashes, reads and
/// writes.
///
/// # Errors
/// [`ImportError`]; `to` does not exist then.
pub fn import<Old: old::Hasher, New: Hasher, const N: usize, const MAX_DEPTH: usize>(
    copy: &Copied,
    old_hasher: Old,
    hasher: New,
    expected: Option<Hash>,
    to: &Path,
) -> Result<Imported, ImportError> {
    let building = Building::beside(to)?;
    let old = open_old::<Old, N, MAX_DEPTH>(copy, old_hasher)?;
    let old = old.snapshot();
    let root = old.root().ok_or(ImportError::Empty)?;
    let size = old.size();
    let head = TreeHead { size, root };
    if let Some(expected) = expected.filter(|expected| *expected != root) {
        return Err(ImportError::Unexpected {
            found: head,
            expected,
        });
    }

    let tree = RotorTree::<New, N, MAX_DEPTH>::open(hasher.clone(), config(&building.path))?;
    for start in (0..size).step_by(BATCH as usize) {
        let indices = start..size.min(start + BATCH);
        let leaves: Vec<Hash> = indices
            .map(|index| {
                let leaf = difference::node(&old, 0, index)?;
                let is_input = hasher.check(&leaf);
                is_input
                    .then_some(leaf)
                    .ok_or(ImportError::Refused { index, leaf })
            })
            .collect::<Result<_, _>>()?;
        tree.insert_many(&leaves)?;
    }
    compare(&old, &hasher, head, tree.head())?;
    tree.checkpoint()?;
    tree.close()?;

    let mut again = config(&building.path);
    again.verify_checkpoint = true;
    let tree = RotorTree::<New, N, MAX_DEPTH>::open(hasher.clone(), again)?;
    let found = tree.head();
    tree.close()?;
    compare(&old, &hasher, head, found)?;
    building.finish(to)?;
    Ok(Imported { head })
}

/// Compares the head of the new tree with that of the old one. Names the first node that differs;
/// if none does, it is the root of the new tree.
fn compare<const N: usize, const MAX_DEPTH: usize>(
    old: &old::TreeSnapshot<N, MAX_DEPTH>,
    hasher: &impl Hasher,
    head: TreeHead,
    found: Option<TreeHead>,
) -> Result<(), ImportError> {
    if found == Some(head) {
        return Ok(());
    }
    let first = difference::first(old, hasher)?;
    Err(ImportError::Difference(first.unwrap_or(Difference {
        level: old.depth(),
        index: 0,
        stored: head.root,
        computed: found.map_or([0; 32], |found| found.root),
    })))
}

fn config(path: &Path) -> RotorTreeConfig {
    RotorTreeConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(AHEAD),
        ..RotorTreeConfig::new(path)
    }
}

fn open_old<H: old::Hasher, const N: usize, const MAX_DEPTH: usize>(
    copy: &Copied,
    hasher: H,
) -> Result<old::RotorTree<H, N, MAX_DEPTH>, ImportError> {
    let config = old::RotorTreeConfig {
        path: copy.path().to_owned(),
        flush_policy: old::FlushPolicy::Manual,
        checkpoint_policy: old::CheckpointPolicy::Manual,
        tiering: old::TieringConfig::default(),
        verify_checkpoint: true,
    };
    // Nothing of the tree is left behind a panic, and the copy is never used again.
    let opened = panic::catch_unwind(AssertUnwindSafe(|| old::RotorTree::open(hasher, config)));
    let opened = opened.map_err(|_| ImportError::Panicked)?;
    opened.map_err(|error| match error {
        old::RotorTreeError::Storage(old::StorageError::ConfigMismatch {
            actual_n: arity,
            actual_max_depth: max_depth,
            ..
        }) => ImportError::Shape { arity, max_depth },
        error => ImportError::Open(error),
    })
}

/// A directory that is not finished. It is removed when it is dropped.
struct Building {
    path: PathBuf,
}

impl Building {
    fn beside(to: &Path) -> Result<Self, ImportError> {
        let path = beside(to, "importing");
        for path in [to, &path] {
            if path.exists() {
                let path = path.to_owned();
                return Err(ImportError::Exists { path });
            }
        }
        Ok(Self { path })
    }

    fn finish(self, to: &Path) -> Result<(), ImportError> {
        fs::rename(&self.path, to).map_err(ImportError::io(to))?;
        // Durable, where folders can be synced.
        #[cfg(unix)]
        {
            let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(ImportError::io(folder))?;
        }
        Ok(())
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // Renamed, or never made: then nothing is there.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// The path with a suffix.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}"));
    name.into()
}
