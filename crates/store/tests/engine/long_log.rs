//! Logs that are too long to be copied whole: the tree that opening builds while it reads equals a
//! tree in memory, for every end and every attested part of the log, for owners and readers.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::builder::{Builder, unset};
use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, reference};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RecoveryMode, RotorTree, RotorTreeError, StorageError,
    fs::FsStorage, storage::Storage, test_util::watchdog::limit_this_process,
};

type Tree = RotorTree<Blake3Hasher, 4, 32>;

/// 9.6 MB of leaves.
const LEAVES: usize = 300_000;

fn config<H: Hasher>(recovery: RecoveryMode) -> Builder<4, H> {
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .recovery(recovery)
}

fn place(path: &Path) -> Arc<dyn Storage> {
    Arc::new(FsStorage::new(path))
}

fn open(path: &Path, recovery: RecoveryMode) -> Result<Tree, RotorTreeError> {
    config(recovery).storage(place(path)).open(Blake3Hasher)
}

/// The shape of a log.
#[derive(Clone, Copy, Debug)]
struct Shape {
    batch: usize,
    /// Batches between two flushes.
    flush_every: usize,
    segment_bytes: u64,
    max_unflushed_bytes: usize,
}

const SHAPES: [Shape; 5] = [
    // Groups that are attested one by one, in segments of their own kind.
    Shape {
        batch: 700,
        flush_every: 10,
        segment_bytes: 1 << 20,
        max_unflushed_bytes: 64 << 20,
    },
    // Groups of more than is held back.
    Shape {
        batch: 1000,
        flush_every: 100,
        segment_bytes: 256 << 20,
        max_unflushed_bytes: 64 << 20,
    },
    // One group.
    Shape {
        batch: 999,
        flush_every: LEAVES,
        segment_bytes: 256 << 20,
        max_unflushed_bytes: 64 << 20,
    },
    // Batches of many groups each.
    Shape {
        batch: 100_000,
        flush_every: 1,
        segment_bytes: 256 << 20,
        max_unflushed_bytes: 1 << 20,
    },
    // Batches of several records, in several segments.
    Shape {
        batch: 40_000,
        flush_every: 2,
        segment_bytes: 4 << 20,
        max_unflushed_bytes: 64 << 20,
    },
];

/// The sizes that batches end at, and the store as a killed process leaves it.
fn write(shape: Shape, leaves: &[Hash], to: &Path) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let config = config(RecoveryMode::Strict)
        .segment_bytes(shape.segment_bytes)
        .max_unflushed_bytes(shape.max_unflushed_bytes);
    let tree = config
        .storage(place(folder.path()))
        .open(Blake3Hasher)
        .unwrap();
    let mut ends = vec![0];
    for (number, batch) in leaves.chunks(shape.batch).enumerate() {
        tree.append(batch)
            .metadata(&tree.size().to_le_bytes())
            .submit()
            .unwrap();
        ends.push(tree.size());
        if (number + 1) % shape.flush_every == 0 {
            tree.flush().unwrap();
        }
    }
    tree.flush().unwrap();
    copy(folder.path(), to);
    drop(tree);
    ends
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "LOCK" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The segments of a store, oldest first.
fn segments(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path.join("log")).unwrap();
    let mut segments: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    segments
}

/// The size and the root of the first leaves in a tree in memory.
fn expected(leaves: &[Hash], size: u64) -> (u64, Option<Hash>) {
    let mut tree = LeanIMT::<_, 4, 32>::new(Blake3Hasher);
    if size > 0 {
        tree.insert_many(&leaves[..size as usize]).unwrap();
    }
    (size, tree.root())
}

/// The mode in which the store at `path` opens: if damage leaves no batch, only the one that
/// accepts that. Reader and owner agree.
fn mode_of(path: &Path) -> RecoveryMode {
    let mode = RecoveryMode::StopAtLastValid;
    match config(mode)
        .storage(place(path))
        .open_read_only(Blake3Hasher)
    {
        Ok(_) => mode,
        Err(RotorTreeError::Storage(StorageError::NothingLeft { .. })) => {
            let refused = open(path, mode);
            assert!(
                matches!(
                    refused,
                    Err(RotorTreeError::Storage(StorageError::NothingLeft { .. }))
                ),
                "{refused:?}"
            );
            RecoveryMode::AcceptLoss
        }
        Err(error) => panic!("{error}"),
    }
}

/// Opens the store at `path` as a reader and then as the owner, twice, and compares it with the
/// tree in memory. Returns its size.
fn check(path: &Path, leaves: &[Hash], ends: &[u64], told: &str) -> u64 {
    let mode = mode_of(path);
    let shown = config(mode)
        .storage(place(path))
        .open_read_only(Blake3Hasher)
        .unwrap();
    let shown = shown.snapshot();
    assert_eq!(
        (shown.size(), shown.root()),
        expected(leaves, shown.size()),
        "{told}: shown"
    );
    assert!(
        ends.contains(&shown.size()),
        "{told}: a batch is shown in part"
    );
    let mut size = 0;
    for round in 0..2 {
        let tree = open(path, mode).unwrap();
        let report = tree.recovery_report();
        assert_eq!(report.replayed_leaves, tree.size(), "{told}: {report:?}");
        assert!(round == 0 || tree.size() == size, "{told}: opened twice");
        size = tree.size();
        assert!(size >= shown.size(), "{told}: more was shown than is there");
        assert!(ends.contains(&size), "{told}: a batch came back in part");
        let snapshot = tree.snapshot();
        assert_eq!((size, snapshot.root()), expected(leaves, size), "{told}");
        if size > 0 {
            let batch = ends[ends.iter().position(|end| *end == size).unwrap() - 1];
            assert_eq!(
                snapshot.metadata(),
                Some(&batch.to_le_bytes()[..]),
                "{told}"
            );
            for level in 0..=snapshot.depth() {
                let reference =
                    &reference::levels(&Blake3Hasher, 4, &leaves[..size as usize])[level];
                let mut nodes = vec![[0; 32]; reference.len()];
                snapshot.read_nodes(level, 0, &mut nodes).unwrap();
                assert!(nodes == *reference, "{told}: level {level}");
            }
        }
        tree.close().unwrap();
    }
    size
}

#[test]
fn a_long_log_comes_back_as_it_was_wherever_it_is_cut_or_damaged() {
    limit_this_process();
    let leaves = reference::sample_leaves(8, LEAVES);
    for shape in SHAPES {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole");
        let ends = write(shape, &leaves, &whole);
        let copy_of = |name: &str| {
            let path = folder.path().join(name);
            copy(&whole, &path);
            path
        };
        let told = |what: &str| format!("{shape:?}, {what}");
        let size = check(&copy_of("as it is"), &leaves, &ends, &told("as it is"));
        assert_eq!(size, LEAVES as u64);

        // Cut within the last segment, as a crash may do.
        let cut = copy_of("cut");
        let last = segments(&cut).pop().unwrap();
        let len = fs::metadata(&last).unwrap().len();
        fs::OpenOptions::new()
            .write(true)
            .open(&last)
            .unwrap()
            .set_len(len - len / 3)
            .unwrap();
        check(&cut, &leaves, &ends, &told("cut"));

        // A byte changed, early, in the middle and late: strict opening refuses damage to attested
        // bytes, the other mode cuts there.
        for part in 1..6_u64 {
            let name = format!("damaged {part}");
            let damaged = copy_of(&name);
            let all = segments(&damaged);
            let segment = &all[all.len() * part as usize / 7];
            let mut bytes = fs::read(segment).unwrap();
            let has_records = bytes.len() > 512;
            let at = (bytes.len() as u64 * part / 6) as usize;
            bytes[at] ^= 0x10;
            fs::write(segment, bytes).unwrap();
            let strict = open(&damaged, RecoveryMode::Strict);
            let refused = match &strict {
                Err(RotorTreeError::Storage(StorageError::WalCorrupted { .. })) => true,
                Err(error) => panic!("{}: {error}", told(&name)),
                Ok(_) => false,
            };
            drop(strict);
            let size = check(&damaged, &leaves, &ends, &told(&name));
            assert_eq!(
                refused && has_records,
                size < LEAVES as u64 && refused,
                "{}",
                told(&name)
            );
        }
    }
}

/// BLAKE3 until its fuse has burnt down.
#[derive(Clone)]
struct Fused(Arc<AtomicU64>);

impl Hasher for Fused {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let fuse = |left: u64| left.checked_sub(1);
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fuse);
        assert!(left.is_ok(), "a planned panic");
        Blake3Hasher.hash_children(children)
    }
}

#[test]
fn a_hasher_that_panics_while_a_long_log_is_replayed_reaches_the_caller_and_the_store_stays() {
    limit_this_process();
    let leaves = reference::sample_leaves(9, LEAVES);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree");
    write(SHAPES[0], &leaves, &path);
    for fuse in [100, 20_000, 60_000, 90_000] {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            config(RecoveryMode::Strict)
                .storage(place(&path))
                .open(Fused(Arc::new(AtomicU64::new(fuse))))
        }));
        assert!(opened.is_err(), "after {fuse} hashes");
    }
    let tree = open(&path, RecoveryMode::Strict).unwrap();
    assert_eq!((tree.size(), tree.root()), expected(&leaves, LEAVES as u64));
}
