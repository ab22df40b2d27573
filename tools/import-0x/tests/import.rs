//! Directories that the published crate writes here, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{collections::BTreeMap, fs, path::Path};

use old::Hasher as _;
use rotortree::{Blake3Hasher, Hash, Hasher, RotorTree, RotorTreeConfig, Sha256Hasher};
use rotortree_import_0x::{Copied, ImportError, Imported, Size, import};
use rotortree_poseidon::PoseidonHasher;
use tempfile::TempDir;

fn leaf(index: u64) -> Hash {
    Blake3Hasher.hash_children(&[[7; 32], [index as u8; 32], [(index >> 8) as u8; 32]])
}

fn leaves(range: std::ops::Range<u64>) -> Vec<Hash> {
    range.map(leaf).collect()
}

/// Everything in a directory.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => drop(files.insert(path.display().to_string(), fs::read(&path).unwrap())),
        }
    }
    files
}

fn open_old<const N: usize, const D: usize>(
    path: &Path,
) -> old::RotorTree<old::Blake3Hasher, N, D> {
    open_old_with(old::Blake3Hasher, path)
}

fn open_old_with<H: old::Hasher, const N: usize, const D: usize>(
    hasher: H,
    path: &Path,
) -> old::RotorTree<H, N, D> {
    let config = old::RotorTreeConfig {
        path: path.to_owned(),
        flush_policy: old::FlushPolicy::Manual,
        checkpoint_policy: old::CheckpointPolicy::Manual,
        tiering: old::TieringConfig::default(),
        verify_checkpoint: true,
    };
    old::RotorTree::open(hasher, config).unwrap()
}

/// An old directory: a part behind a checkpoint, and a part in the log.
fn old_directory<const N: usize, const D: usize>(path: &Path, checkpointed: u64, logged: u64) {
    let tree = open_old::<N, D>(path);
    if checkpointed > 0 {
        tree.insert_many(&leaves(0..checkpointed)).unwrap();
        tree.checkpoint().unwrap();
    }
    for index in checkpointed..checkpointed + logged {
        tree.insert(leaf(index)).unwrap();
    }
    tree.flush().unwrap();
    tree.close().unwrap();
}

fn run<const N: usize, const D: usize>(
    folder: &TempDir,
    hasher: impl Hasher,
) -> Result<Imported, ImportError> {
    run_expecting::<N, D>(folder, hasher, None)
}

fn run_expecting<const N: usize, const D: usize>(
    folder: &TempDir,
    hasher: impl Hasher,
    root: Option<Hash>,
) -> Result<Imported, ImportError> {
    let [from, copy, to] = ["from", "copy", "to"].map(|name| folder.path().join(name));
    let copy = Copied::of(&from, &copy)?;
    import::<_, _, N, D>(&copy, old::Blake3Hasher, hasher, root, &to)
}

fn names(folder: &TempDir) -> Vec<String> {
    let names = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn every_size<const N: usize>() {
    let n = N as u64;
    for (checkpointed, logged) in [
        (0, 1),
        (1, 0),
        (n - 1, 0),
        (n, 0),
        (0, n + 1),
        (n * n, 1),
        (n * n - 1, n + 1),
        (700, 55),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        old_directory::<N, 16>(&from, checkpointed, logged);
        let before = files(&from);
        let imported = run::<N, 16>(&folder, Blake3Hasher).unwrap();
        assert_eq!(files(&from), before, "the old directory is as it was");
        assert_eq!(names(&folder), ["from", "to"]);

        let size = checkpointed + logged;
        let tree = RotorTree::<_, N, 16>::open(
            Blake3Hasher,
            RotorTreeConfig::new(folder.path().join("to")),
        )
        .unwrap();
        assert_eq!(tree.head(), Some(imported.head));
        assert_eq!(imported.head.size, size);
        let snapshot = tree.snapshot();
        let all: Vec<Hash> = (0..size).map(|at| snapshot.get_leaf(at).unwrap()).collect();
        assert_eq!(all, leaves(0..size));
        // The old crate opens its own directory as before, and both give the same root.
        assert_eq!(open_old::<N, 16>(&from).root(), Some(imported.head.root));
    }
}

#[test]
fn leaves_and_roots_are_the_same_for_every_n() {
    every_size::<2>();
    every_size::<4>();
    every_size::<8>();
    every_size::<16>();
}

#[test]
fn a_tree_of_more_than_a_batch_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    old_directory::<4, 16>(&folder.path().join("from"), 70_000, 3);
    assert_eq!(
        run::<4, 16>(&folder, Blake3Hasher).unwrap().head.size,
        70_003
    );
}

#[test]
fn another_hasher_is_a_difference_at_the_first_parent() {
    let folder = tempfile::tempdir().unwrap();
    old_directory::<2, 16>(&folder.path().join("from"), 9, 0);
    let Err(ImportError::Difference(difference)) = run::<2, 16>(&folder, Sha256Hasher) else {
        panic!("the roots differ");
    };
    let pair = [leaf(0), leaf(1)];
    assert_eq!((difference.level, difference.index), (1, 0));
    assert_eq!(difference.stored, old::Blake3Hasher.hash_children(&pair));
    assert_eq!(difference.computed, Sha256Hasher.hash_children(&pair));
    assert_eq!(names(&folder), ["from"], "nothing is left");
}

/// A hasher of a user of 0.20: Poseidon, which takes numbers modulo the order of the field.
#[derive(Clone)]
struct OldPoseidon;

#[derive(Default)]
struct OldState(Vec<u8>);

impl old::HashState for OldState {
    fn update(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }

    fn finalize(self) -> Hash {
        PoseidonHasher::new().hash_children(self.0.as_chunks().0)
    }
}

impl old::Hasher for OldPoseidon {
    type State = OldState;

    fn new_state(&self) -> OldState {
        OldState::default()
    }
}

/// BLAKE3, which takes no leaf of ones.
#[derive(Clone)]
struct NoOnes;

impl Hasher for NoOnes {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        Blake3Hasher.hash_children(children)
    }

    fn check(&self, hash: &Hash) -> bool {
        *hash != [0xff; 32]
    }
}

/// Imports so many leaves, one of them of ones.
fn with_a_bad_leaf(old: impl old::Hasher, hasher: impl Hasher, size: u32, bad: Option<u64>) {
    let number = |index: u32| {
        let mut leaf = [0; 32];
        leaf[28..].copy_from_slice(&index.to_be_bytes());
        leaf
    };
    let mut leaves: Vec<Hash> = (0..size).map(number).collect();
    if let Some(bad) = bad {
        leaves[bad as usize] = [0xff; 32];
    }
    let folder = tempfile::tempdir().unwrap();
    let [from, copy, to] = ["from", "copy", "to"].map(|name| folder.path().join(name));
    let tree = open_old_with::<_, 8, 16>(old.clone(), &from);
    let (root, _) = tree.insert_many(&leaves).unwrap();
    tree.close().unwrap();
    let before = files(&from);
    let copy = Copied::of(&from, &copy).unwrap();
    let imported = import::<_, _, 8, 16>(&copy, old, hasher, Some(root), &to);
    drop(copy);
    match (bad, imported) {
        (None, imported) => assert_eq!(imported.unwrap().head.root, root),
        (Some(bad), Err(ImportError::Refused { index, leaf })) => {
            assert_eq!((index, leaf), (bad, [0xff; 32]));
            assert_eq!(names(&folder), ["from"], "nothing is left");
        }
        (Some(_), other) => panic!("{other:?}"),
    }
    assert_eq!(files(&from), before);
}

#[test]
fn a_leaf_that_is_no_number_of_the_field_is_named_wherever_it_stands() {
    for bad in [None, Some(3), Some(299)] {
        with_a_bad_leaf(OldPoseidon, PoseidonHasher::new(), 300, bad);
    }
    // Behind a first batch.
    with_a_bad_leaf(old::Blake3Hasher, NoOnes, 70_000, Some(69_993));
}

#[test]
fn another_shape_is_told() {
    let folder = tempfile::tempdir().unwrap();
    old_directory::<4, 16>(&folder.path().join("from"), 5, 5);
    for refused in [
        run::<2, 16>(&folder, Blake3Hasher),
        run::<4, 20>(&folder, Blake3Hasher),
    ] {
        let shape = refused.unwrap_err();
        assert!(
            matches!(
                shape,
                ImportError::Shape {
                    arity: 4,
                    max_depth: 16
                }
            ),
            "{shape}"
        );
        assert_eq!(names(&folder), ["from"]);
    }
}

#[test]
fn what_is_no_old_tree_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    let io = run::<4, 16>(&folder, Blake3Hasher).unwrap_err();
    assert!(matches!(io, ImportError::Io { .. }), "{io}");
    // A tree of the new crate, and one without leaves.
    let tree = RotorTree::<_, 4, 16>::open(Blake3Hasher, RotorTreeConfig::new(&from)).unwrap();
    tree.insert_durable([1; 32]).unwrap();
    tree.close().unwrap();
    let before = files(&from);
    let empty = run::<4, 16>(&folder, Blake3Hasher).unwrap_err();
    assert!(
        matches!(empty, ImportError::Empty | ImportError::Open(_)),
        "{empty}"
    );
    assert_eq!(files(&from), before);
    fs::remove_dir_all(&from).unwrap();
    old_directory::<4, 16>(&from, 0, 0);
    let empty = run::<4, 16>(&folder, Blake3Hasher).unwrap_err();
    assert!(matches!(empty, ImportError::Empty), "{empty}");
    assert_eq!(names(&folder), ["from"]);
}

#[test]
fn nothing_is_overwritten() {
    for name in ["to", "to.importing", "copy"] {
        let folder = tempfile::tempdir().unwrap();
        old_directory::<4, 16>(&folder.path().join("from"), 5, 0);
        let path = folder.path().join(name);
        fs::write(&path, "mine").unwrap();
        let exists = run::<4, 16>(&folder, Blake3Hasher).unwrap_err();
        assert!(
            matches!(&exists, ImportError::Exists { path: found } if *found == path),
            "{exists}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}

#[test]
fn a_copy_inside_the_old_directory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    old_directory::<4, 16>(&from, 5, 0);
    let before = files(&from);
    for inside in ["to.old", "deep/to.old", "../from/to.old"] {
        let refused = Copied::of(&from, &from.join(inside)).unwrap_err();
        assert!(matches!(refused, ImportError::Inside { .. }), "{refused}");
        assert_eq!(files(&from), before);
        assert!(!from.join("deep").exists());
    }
}

/// Bytes of a small old directory changed in turn, and each file removed. The old crate opens many
/// of them, with fewer leaves or others. With the root, all leaves are imported or none.
#[test]
fn damage_is_found_by_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    old_directory::<4, 16>(&from, 20, 7);
    let root = open_old::<4, 16>(&from).root();
    let whole = files(&from);
    let (mut refused, mut others) = (0, 0);
    for (path, bytes) in &whole {
        let step = (bytes.len() / 16).max(1);
        let changed = (0..bytes.len()).step_by(step).map(|at| {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            Some(changed)
        });
        for damaged in changed.chain([None]) {
            match &damaged {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            match run_expecting::<4, 16>(&folder, Blake3Hasher, root) {
                Ok(imported) => {
                    assert_eq!((imported.head.size, Some(imported.head.root)), (27, root));
                    fs::remove_dir_all(folder.path().join("to")).unwrap();
                }
                Err(ImportError::Unexpected { .. }) => others += 1,
                Err(_) => refused += 1,
            }
            assert_eq!(names(&folder), ["from"]);
        }
        fs::write(path, bytes).unwrap();
    }
    println!("{refused} refused by the old crate, {others} opened with another root");
    assert!(refused > 0 && others > 0);
    assert_eq!(Size::of(&from).unwrap().files, whole.len() as u64);
}
