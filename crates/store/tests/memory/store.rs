//! Stores to be damaged, ways to open them, and the bound on the memory of opening.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, ReadOnly, RecoveryMode, RotorTree, RotorTreeBuilder,
    RotorTreeError, file_layer::FileLayer, fs::FsStorage, storage::Storage,
};

/// The memory that opening any store may take beyond the nodes that it holds in memory: windows,
/// buffers of verification for each thread, gathered leaves, tables. Only large honest logs reach
/// it; a hostile store gets nowhere near.
pub(crate) const BOUND: usize = 8 << 20;

pub(crate) type Tree = RotorTree<Blake3Hasher, 2, 32>;

pub(crate) const MODES: [RecoveryMode; 2] = [RecoveryMode::Strict, RecoveryMode::StopAtLastValid];

fn config(storage: &Arc<dyn Storage>, recovery: RecoveryMode) -> RotorTreeBuilder<Tree> {
    Tree::on(Arc::clone(storage))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .recovery(recovery)
}

pub(crate) fn place<L: FileLayer>(files: L, path: &Path) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_files(files, path))
}

pub(crate) fn open(
    storage: &Arc<dyn Storage>,
    recovery: RecoveryMode,
) -> Result<Tree, RotorTreeError> {
    config(storage, recovery).open(Blake3Hasher)
}

pub(crate) fn read_only(
    storage: &Arc<dyn Storage>,
    recovery: RecoveryMode,
) -> Result<ReadOnly<Blake3Hasher, 2, 32>, RotorTreeError> {
    config(storage, recovery).open_read_only(Blake3Hasher)
}

pub(crate) fn leaves() -> Vec<Hash> {
    reference::sample_leaves(15, 430)
}

/// Makes a store with everything in it: chunks, tails, a log of several segments and groups,
/// metadata. The log on disk is attested up to its last entry. The tree is still open: a copy made
/// now is the store of a killed process.
pub(crate) fn make(storage: &Arc<dyn Storage>) -> Tree {
    let leaves = leaves();
    let short_segments = config(storage, RecoveryMode::Strict).segment_bytes(2048);
    // Two levels with chunks.
    let tree = short_segments.level_stride(1).open(Blake3Hasher).unwrap();
    tree.append(&leaves[..300])
        .metadata(b"cursor")
        .submit()
        .unwrap();
    tree.checkpoint().unwrap();
    tree.append(&leaves[300..400]).submit().unwrap();
    tree.flush().unwrap();
    tree.append(&leaves[400..]).submit().unwrap();
    tree.flush().unwrap();
    // Attests the group before it.
    tree.append(&[]).metadata(b"last").submit().unwrap();
    tree.flush().unwrap();
    tree
}

/// Whether a tree is that of a prefix of `leaves`.
pub(crate) fn is_prefix(root: Option<Hash>, size: u64, leaves: &[Hash]) -> bool {
    let Some(prefix) = leaves.get(..size as usize) else {
        return false;
    };
    let expected = reference::levels(&Blake3Hasher, 2, prefix)
        .last()
        .and_then(|top| top.first().copied());
    root == expected
}

/// Copies a directory without its lock, holes being read as zeros: for small stores.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else if entry.file_name() != "LOCK" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Ends the process, saying why, if a test does not end.
pub(crate) struct Watchdog(Arc<AtomicBool>);

impl Watchdog {
    pub(crate) fn start(what: &'static str, limit: Duration) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        thread::spawn(move || {
            let start = Instant::now();
            while !seen.load(Ordering::Relaxed) {
                if start.elapsed() > limit {
                    println!("does not end: {what}");
                    std::process::abort();
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self(done)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
