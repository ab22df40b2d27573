//! An opening that is refused changes nothing, however often it is repeated; one that fails changes
//! no more than once.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use rotortree_hasher::{Blake3Hasher, ToyHasher};
use rotortree_lean_imt::TreeHead;
use rotortree_store::{
    AnyTreeBuilder, RecoveryMode, RotorTree, RotorTreeError, StorageError,
    fs::FsStorage,
    storage::Storage,
    test_util::sim_files::{Effect, Fault, SimFiles},
};

use super::store::{Sample, config, open};
use crate::builder::Builder;

const ROOT: &str = "/tree";
const DEFAULT: RecoveryMode = RecoveryMode::StopAtLastValid;
const TIMES: usize = 1000;

type Files = BTreeMap<PathBuf, Vec<u8>>;
type Open = fn(Arc<dyn Storage>, Builder) -> Result<(), RotorTreeError>;

fn as_stored(storage: Arc<dyn Storage>, config: Builder) -> Result<(), RotorTreeError> {
    config.storage(storage).open(Blake3Hasher).map(drop)
}

fn with_another_hasher(storage: Arc<dyn Storage>, _: Builder) -> Result<(), RotorTreeError> {
    let builder = RotorTree::<ToyHasher, 2, 32>::on(storage);
    builder.open(ToyHasher::new()).map(drop)
}

fn with_another_arity(storage: Arc<dyn Storage>, _: Builder) -> Result<(), RotorTreeError> {
    let builder = RotorTree::<Blake3Hasher, 3, 32>::on(storage);
    builder.open(Blake3Hasher).map(drop)
}

fn with_less_depth(storage: Arc<dyn Storage>, _: Builder) -> Result<(), RotorTreeError> {
    let builder = RotorTree::<Blake3Hasher, 2, 31>::on(storage);
    builder.open(Blake3Hasher).map(drop)
}

fn without_depth(storage: Arc<dyn Storage>, _: Builder) -> Result<(), RotorTreeError> {
    let builder = AnyTreeBuilder::on(storage).arity(2).max_depth(0);
    builder.open(Blake3Hasher).map(drop)
}

fn read_only(storage: Arc<dyn Storage>, config: Builder) -> Result<(), RotorTreeError> {
    config
        .storage(storage)
        .open_read_only(Blake3Hasher)
        .map(drop)
}

/// The content of a place, and how it is opened.
struct Case {
    name: &'static str,
    files: Files,
    config: Builder,
    open: Open,
    refused: fn(&StorageError) -> bool,
}

/// The files of a store, with one of them changed.
fn changed(sample: &Sample, change: impl FnOnce(&mut Files)) -> Files {
    let read = |path: PathBuf| {
        let bytes = sample.files.read_file(&path).unwrap();
        let name = PathBuf::from("/").join(&path);
        (name.strip_prefix(ROOT).unwrap().to_owned(), bytes)
    };
    let mut files = sample.list().into_iter().map(read).collect();
    change(&mut files);
    files
}

fn flip(files: &mut Files, path: &Path, at: usize) {
    files.get_mut(path).unwrap()[at] ^= 1;
}

/// The first or last segment.
fn segment(files: &Files, last: bool) -> PathBuf {
    let mut segments = files.keys().filter(|path| path.starts_with("log"));
    let found = if last {
        segments.next_back()
    } else {
        segments.next()
    };
    found.unwrap().clone()
}

fn cases() -> Vec<Case> {
    let whole = Sample::new(21, true);
    let of_log_alone = Sample::of_log_alone(22, true);
    let head = |size: u64| TreeHead {
        size,
        root: [9; 32],
    };
    let expecting = |size: u64, mode: RecoveryMode| config(mode).expect_head(head(size));
    let damaged_log = |sample: &Sample, last: bool| {
        changed(sample, |files| {
            let path = segment(files, last);
            flip(files, &path, 600);
        })
    };
    let without = |name: &str| {
        changed(&whole, |files| {
            files.remove(Path::new(name)).unwrap();
        })
    };
    let case = |name, files, config, open: Open, refused| Case {
        name,
        files,
        config,
        open,
        refused,
    };
    let is_unexpected: fn(&StorageError) -> bool =
        |error| matches!(error, StorageError::UnexpectedHead { .. });
    let is_corrupt: fn(&StorageError) -> bool =
        |error| matches!(error, StorageError::DataCorruption { .. });
    let is_missing: fn(&StorageError) -> bool =
        |error| matches!(error, StorageError::Io(error) if error.kind() == ErrorKind::NotFound);
    let is_config: fn(&StorageError) -> bool =
        |error| matches!(error, StorageError::ConfigMismatch { .. });
    let is_foreign: fn(&StorageError) -> bool =
        |error| matches!(error, StorageError::ForeignDirectory { .. });
    let nothing = Files::new;
    let stored: Open = as_stored;
    let not_made = config(DEFAULT).create_if_missing(false);
    let foreign = || Files::from([(PathBuf::from("notes.txt"), b"mine".to_vec())]);
    let manifest = Path::new("MANIFEST");
    let all = || changed(&whole, |_| {});
    vec![
        case(
            "a head where nothing is",
            nothing(),
            expecting(5, DEFAULT),
            stored,
            is_unexpected,
        ),
        case(
            "nothing, not to be made",
            nothing(),
            not_made,
            stored,
            is_missing,
        ),
        case(
            "nothing to read",
            nothing(),
            config(DEFAULT),
            read_only,
            is_missing,
        ),
        case(
            "something else",
            foreign(),
            config(DEFAULT),
            stored,
            is_foreign,
        ),
        case(
            "something else to read",
            foreign(),
            config(DEFAULT),
            read_only,
            is_foreign,
        ),
        case(
            "another hasher",
            all(),
            config(DEFAULT),
            with_another_hasher,
            |error| matches!(error, StorageError::HasherMismatch { .. }),
        ),
        case(
            "another N",
            all(),
            config(DEFAULT),
            with_another_arity,
            is_config,
        ),
        case(
            "less depth",
            all(),
            config(DEFAULT),
            with_less_depth,
            is_config,
        ),
        case(
            "a head beyond the tree",
            all(),
            expecting(431, DEFAULT),
            stored,
            is_unexpected,
        ),
        case(
            "another root",
            all(),
            expecting(400, DEFAULT),
            stored,
            is_unexpected,
        ),
        case(
            "no manifest",
            without("MANIFEST"),
            config(DEFAULT),
            stored,
            is_corrupt,
        ),
        case(
            "no manifest to read",
            without("MANIFEST"),
            config(DEFAULT),
            read_only,
            is_corrupt,
        ),
        case(
            "a damaged manifest",
            changed(&whole, |files| flip(files, manifest, 300)),
            config(DEFAULT),
            stored,
            |error| matches!(error, StorageError::CrcMismatch { .. }),
        ),
        case(
            "a newer manifest",
            changed(&whole, |files| flip(files, manifest, 9)),
            config(DEFAULT),
            stored,
            |error| matches!(error, StorageError::UnsupportedFormat { .. }),
        ),
        case(
            "no first segment",
            changed(&whole, |files| {
                let path = segment(files, false);
                files.remove(&path).unwrap();
            }),
            config(DEFAULT),
            stored,
            is_corrupt,
        ),
        case(
            "a damaged log, strictly",
            damaged_log(&whole, true),
            config(RecoveryMode::Strict),
            stored,
            |error| matches!(error, StorageError::WalCorrupted { .. }),
        ),
        case(
            "a damaged log and a head",
            damaged_log(&whole, true),
            expecting(430, DEFAULT),
            stored,
            is_unexpected,
        ),
        case(
            "a log of which nothing is left",
            damaged_log(&of_log_alone, false),
            config(DEFAULT),
            stored,
            |error| matches!(error, StorageError::NothingLeft { .. }),
        ),
        case(
            "a log of which nothing is left, and a head",
            damaged_log(&of_log_alone, false),
            expecting(430, RecoveryMode::AcceptLoss),
            stored,
            is_unexpected,
        ),
        case(
            "a depth that no tree has",
            all(),
            config(DEFAULT),
            without_depth,
            |error| matches!(error, StorageError::InvalidConfig(_)),
        ),
    ]
}

fn refused(case: &Case, storage: Arc<dyn Storage>) {
    match (case.open)(storage, case.config.clone()) {
        Err(RotorTreeError::Storage(error)) if (case.refused)(&error) => {}
        other => panic!("{}: {other:?}", case.name),
    }
}

/// Opens again and again and looks at the place; only the lock's file may come, by the first
/// opening of a place that there is.
fn stays(case: &Case, open: impl Fn(), list: impl Fn() -> Files) {
    let before = list();
    for time in 1..=TIMES {
        open();
        let mut after = list();
        if !before.is_empty() && !before.contains_key(Path::new("LOCK")) {
            after.remove(Path::new("LOCK"));
        }
        let names: Vec<_> = after.keys().collect();
        assert!(after == before, "{}, time {time}: {names:?}", case.name);
    }
}

#[test]
fn a_refused_opening_changes_nothing_on_the_simulated_disk() {
    for case in cases() {
        let files = SimFiles::new();
        for (path, bytes) in &case.files {
            files.write_file(Path::new(ROOT).join(path), bytes);
        }
        let storage = || Arc::new(FsStorage::with_files(files.clone(), ROOT));
        let list = || {
            let paths = files.list_files().into_iter();
            let read = |path: PathBuf| {
                let bytes = files.read_file(&path).unwrap();
                let name = PathBuf::from("/").join(path);
                (name.strip_prefix(ROOT).unwrap().to_owned(), bytes)
            };
            paths.map(read).collect()
        };
        stays(&case, || refused(&case, storage()), list);
    }
}

/// Files and directories below one, those with `None`.
fn walk(root: &Path, at: &Path, found: &mut Files) {
    let Ok(entries) = fs::read_dir(at) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_owned();
        if path.is_dir() {
            found.insert(name.join("."), Vec::new());
            walk(root, &path, found);
        } else {
            found.insert(name, fs::read(path).unwrap());
        }
    }
}

#[test]
fn a_refused_opening_changes_nothing_on_the_real_file_system() {
    for case in cases() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("tree");
        for (path, bytes) in &case.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let list = || {
            let mut found = Files::new();
            walk(dir.path(), dir.path(), &mut found);
            found.remove(Path::new("tree/LOCK"));
            found
        };
        stays(
            &case,
            || refused(&case, Arc::new(FsStorage::new(&root))),
            list,
        );
    }
}

/// Every call of an opening that cuts fails once, and the opening is repeated: it uses the kept
/// bytes again.
#[test]
fn what_a_failed_opening_kept_aside_is_used_again() {
    let sample = Sample::new(23, true);
    let damaged = sample.copy();
    let paths = sample.list();
    let is_log = |path: &&PathBuf| path.extension().is_some_and(|name| name == "wal");
    let path = paths.iter().rfind(is_log).unwrap();
    let mut bytes = sample.files.read_file(path).unwrap();
    bytes[600] ^= 1;
    damaged.write_file(path, &bytes);
    let kept = |files: &SimFiles| -> Vec<PathBuf> {
        let paths = files.list_files().into_iter();
        paths
            .filter(|path| path.to_string_lossy().contains("aside"))
            .collect()
    };
    let mut failed = 0;
    for number in 0.. {
        let files = damaged.settled();
        for _ in 0..3 {
            files.inject(Fault::new(number, Effect::Error(ErrorKind::StorageFull)));
            if open(&files, config(DEFAULT)).is_err() {
                failed += 1;
            }
            files.heal();
        }
        let tree = open(&files, config(DEFAULT)).unwrap();
        assert_eq!(tree.recovery_report().cuts.len(), 1, "call {number}");
        assert_eq!(kept(&files).len(), 1, "call {number}: {:?}", kept(&files));
        drop(tree);
        if files.struck() == 0 {
            assert!(failed > 100, "{failed}");
            return;
        }
    }
}

#[test]
fn what_was_kept_and_then_changed_is_kept_again_beside_it() {
    let sample = Sample::new(24, true);
    let damaged = sample.copy();
    let paths = sample.list();
    let is_log = |path: &&PathBuf| path.extension().is_some_and(|name| name == "wal");
    let path = paths.iter().rfind(is_log).unwrap();
    let mut bytes = sample.files.read_file(path).unwrap();
    bytes[600] ^= 1;
    damaged.write_file(path, &bytes);
    let first = damaged.settled();
    let tree = open(&first, config(DEFAULT)).unwrap();
    let kept = tree.recovery_report().damage.unwrap().quarantined;
    let mut there = first.read_file(&kept[0]).unwrap();
    there[700] ^= 1;
    damaged.write_file(&kept[0], &there);
    let tree = open(&damaged, config(DEFAULT)).unwrap();
    let again = tree.recovery_report().damage.unwrap().quarantined;
    assert_ne!(kept, again);
    assert_eq!(damaged.read_file(&again[0]), first.read_file(&kept[0]));
    assert_eq!(damaged.read_file(&kept[0]), Some(there));
}
