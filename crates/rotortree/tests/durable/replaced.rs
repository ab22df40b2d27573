//! The directory under an open tree moved, replaced, removed, restored over, linked: before
//! every kind of operation, with the tree idle and busy, with chunks and without. Row 16 of
//! the fault table.

mod linked;
mod moved;
mod removed;
mod restored;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rotortree::{Blake3Hasher, ReadOnly, RotorTreeError, TreeHead, TreeSnapshot};
use tempfile::TempDir;

use crate::{
    place::contents,
    support::{Tree, eventually, leaf, leaves, open, quiet},
};

/// An operation of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Insert,
    Flush,
    /// Starts a segment, as a batch does that fills the one before.
    Rotation,
    Checkpoint,
    Close,
    Backup,
    Verify,
    Refresh,
}

const OPERATIONS: [Operation; 8] = [
    Operation::Insert,
    Operation::Flush,
    Operation::Rotation,
    Operation::Checkpoint,
    Operation::Close,
    Operation::Backup,
    Operation::Verify,
    Operation::Refresh,
];

/// Every operation, with and without chunks, in an idle and in a busy tree.
fn cases() -> impl Iterator<Item = Case> {
    OPERATIONS.into_iter().flat_map(|operation| {
        [(false, false), (false, true), (true, false), (true, true)].map(|(chunks, idle)| Case {
            operation,
            chunks,
            idle,
        })
    })
}

#[derive(Clone, Copy, Debug)]
struct Case {
    operation: Operation,
    chunks: bool,
    idle: bool,
}

/// An open tree of the leaves from 0 on, a view of it, and a snapshot that must not change.
struct Scene {
    folder: TempDir,
    tree: Tree<2>,
    view: ReadOnly<Blake3Hasher, 2, 32>,
    held: (std::sync::Arc<TreeSnapshot<2, 32>>, TreeHead),
    case: Case,
}

impl Scene {
    fn new(case: Case) -> Self {
        Self::at(case, "tree", |_| {})
    }

    /// The tree is opened at `name` in a folder that `prepare` has seen.
    fn at(case: Case, name: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let path = folder.path().join(name);
        let tree = Tree::<2>::builder(quiet(&path))
            .segment_bytes(8192)
            .open(Blake3Hasher)
            .unwrap();
        if case.chunks {
            tree.insert_many(&leaves(0..300)).unwrap();
            tree.checkpoint().unwrap();
        } else {
            tree.insert_many(&leaves(0..10)).unwrap();
        }
        tree.flush().unwrap();
        let view = Tree::<2>::open_read_only(Blake3Hasher, quiet(&path)).unwrap();
        let snapshot = tree.snapshot();
        let head = snapshot.head().unwrap();
        let scene = Self {
            folder,
            tree,
            view,
            held: (snapshot, head),
            case,
        };
        scene.settle(&path);
        scene.view.refresh().unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Brings the tree into the state that the case wants: with its segment closed, or open and
    /// with a leaf on the way.
    fn settle(&self, path: &Path) {
        if self.case.idle {
            let path = path.canonicalize().unwrap();
            eventually("the idle tree closes its segment", || !is_open(&path));
        } else {
            let next = self.tree.size();
            self.tree.insert_durable(leaf(next)).unwrap();
            self.tree.insert(leaf(next + 1)).unwrap();
        }
    }

    /// Runs the operation of the case. Closing ends the tree.
    fn operate(&self) -> Result<(), RotorTreeError> {
        let next = self.tree.size();
        match self.case.operation {
            Operation::Insert => drop(self.tree.insert_durable(leaf(next))?),
            Operation::Flush => {
                self.tree.insert(leaf(next))?;
                self.tree.flush()?;
            }
            Operation::Rotation => {
                let before = self.tree.stats().rotations;
                self.tree.insert_many(&leaves(next..next + 400))?;
                self.tree.flush()?;
                assert!(self.tree.stats().rotations > before, "{:?}", self.case);
            }
            Operation::Checkpoint => {
                self.tree.insert_many(&leaves(next..next + 200))?;
                self.tree.checkpoint()?;
            }
            Operation::Close => {
                self.tree.insert(leaf(next))?;
                self.tree.clone().close()?;
            }
            Operation::Backup => {
                self.tree.backup(self.path("backup"))?;
            }
            Operation::Verify => self.tree.verify()?,
            Operation::Refresh => {
                self.view.refresh()?;
            }
        }
        Ok(())
    }

    /// Checks the snapshot from before the replacement.
    fn check_held(&self) {
        let (snapshot, head) = &self.held;
        assert_eq!(snapshot.head().as_ref(), Some(head), "{:?}", self.case);
        for index in [0, head.size / 2, head.size - 1] {
            let proof = snapshot.generate_proof(index).unwrap();
            assert_eq!(proof.leaf, leaf(index), "{:?}", self.case);
            assert!(
                matches!(proof.verify(&Blake3Hasher), Ok(true)),
                "{:?}",
                self.case
            );
            assert_eq!(proof.root, head.root, "{:?}", self.case);
        }
    }

    /// A few more leaves, and an end; the size that was acknowledged.
    fn go_on(&self) -> u64 {
        if self.case.operation != Operation::Close {
            let next = self.tree.size();
            // The second attests the first.
            self.tree.insert_durable(leaf(next)).unwrap();
            self.tree.insert_durable(leaf(next + 1)).unwrap();
            self.view.refresh().unwrap();
            assert!(self.view.size() >= next, "{:?}", self.case);
            self.tree.checkpoint().unwrap();
            self.tree.clone().close().unwrap();
        }
        self.tree.size()
    }
}

/// Whether this process has a segment below that directory open.
fn is_open(path: &Path) -> bool {
    let files = fs::read_dir("/proc/self/fd").unwrap();
    files
        .filter_map(|file| fs::read_link(file.unwrap().path()).ok())
        .any(|file| file.starts_with(path) && file.extension().is_some_and(|name| name == "wal"))
}

/// Runs a program that is everywhere.
fn run(program: &str, arguments: &[&std::ffi::OsStr]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

pub(crate) fn copy(from: &Path, to: &Path) {
    run("cp", &["-a".as_ref(), from.as_ref(), to.as_ref()]);
}

/// Opens a directory's tree anew and checks its leaves.
fn check_reopened(path: &Path, size: u64, case: Case) {
    let tree: Tree<2> = open(path);
    assert_eq!(tree.size(), size, "{case:?}");
    tree.verify().unwrap();
    for index in [0, size / 2, size - 1] {
        let proof = tree.snapshot().generate_proof(index).unwrap();
        assert_eq!(proof.leaf, leaf(index), "{case:?}");
    }
    tree.close().unwrap();
}
