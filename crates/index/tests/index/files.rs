//! Files that are missing, old, of another tree, cut, changed; directories that are full, read-only
//! or a tree's own.

use std::fs;

use rotortree_index::{FileFault, IndexError};
use rotortree_store::fs::FsStorage;

use super::*;

/// A tree of 3000 leaves, 30 of which are duplicates, and the bytes of its index.
fn saved(directory: &Path) -> (MemoryStorage, Vec<u8>) {
    let storage = MemoryStorage::new();
    let (tree, index) = open_on(Arc::new(storage.clone()), in_file(directory)).unwrap();
    tree.insert_many(&leaves((0..2970).chain(5..35))).unwrap();
    tree.close().unwrap();
    assert_eq!(index.save().unwrap(), 3000);
    let bytes = fs::read(directory.join("leaves.index")).unwrap();
    (storage, bytes)
}

/// Opens the tree with the file as it is; the fault that its report tells.
fn fault(storage: &MemoryStorage, directory: &Path) -> Option<FileFault> {
    let strict = in_file(directory).rebuild(false);
    let refused = open_on(Arc::new(storage.clone()), strict);
    let fault = match refused {
        Ok(opened) => {
            drop(opened);
            None
        }
        Err(RotorTreeError::Hook(error)) => match *error.downcast::<IndexError>().unwrap() {
            IndexError::File { fault, .. } => Some(fault),
            other => panic!("{other}"),
        },
        Err(other) => panic!("{other}"),
    };
    // Built anew, it is the tree's.
    let (tree, index) = open_on(Arc::new(storage.clone()), in_file(directory)).unwrap();
    let report = index.report().unwrap();
    assert_eq!(report.fault.is_some(), fault.is_some());
    assert_eq!(report.loaded + report.added, tree.size());
    assert_eq!(report.added == 0, fault.is_none());
    index.verify().unwrap();
    fault
}

#[test]
fn a_file_that_was_saved_is_loaded_and_the_leaves_behind_it_are_added() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = saved(directory.path());
    let options = in_file(directory.path()).rebuild(false);
    let (tree, index) = open_on(Arc::new(storage.clone()), options.clone()).unwrap();
    let report = index.report().unwrap();
    assert_eq!(
        (report.loaded, report.added, report.duplicates),
        (3000, 0, 30)
    );
    tree.insert_many(&leaves(9000..9500)).unwrap();
    tree.close().unwrap();
    let (tree, index) = open_on(Arc::new(storage), options).unwrap();
    let report = index.report().unwrap();
    assert_eq!(
        (report.loaded, report.added, report.duplicates),
        (3000, 500, 30)
    );
    assert_eq!(index.find(&leaf(9499)).unwrap(), Some(tree.size() - 1));
    index.verify().unwrap();
}

#[test]
fn a_file_covers_durable_leaves_alone() {
    let root = tempfile::tempdir().unwrap();
    let (before, after) = (root.path().join("before"), root.path().join("after"));
    let open = |directory: &Path| {
        let storage = Arc::new(FsStorage::new(directory));
        open_on(storage, in_file(root.path()).rebuild(false)).unwrap()
    };
    let (tree, index) = open(&before);
    assert_eq!(index.save().unwrap(), 0, "an empty tree has a file too");
    tree.insert_many_durable(&leaves(0..20_000)).unwrap();
    tree.insert_many(&leaves(20_000..20_500)).unwrap();
    assert_eq!(index.save().unwrap(), 20_000);
    // What a kill leaves.
    copy(&before, &after);
    let (tree, index) = open(&after);
    assert_eq!(
        (index.report().unwrap().loaded, tree.size()),
        (20_000, 20_000)
    );
    assert_eq!(index.find(&leaf(20_000)).unwrap(), None);
    index.verify().unwrap();
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_file_of_another_tree_or_of_a_later_state_is_named_and_not_believed() {
    let directory = tempfile::tempdir().unwrap();
    let (_, bytes) = saved(directory.path());
    let path = directory.path().join("leaves.index");
    let tree_of = |numbers: Vec<u64>| {
        let storage = MemoryStorage::new();
        let options = IndexOptions::in_memory();
        let (tree, _) = open_on(Arc::new(storage.clone()), options).unwrap();
        tree.insert_many(&leaves(numbers)).unwrap();
        tree.close().unwrap();
        storage
    };
    // An older state of the same tree.
    let older = tree_of((0..2000).collect());
    let fault_of = |storage: &MemoryStorage| {
        fs::write(&path, &bytes).unwrap();
        fault(storage, directory.path())
    };
    assert!(matches!(
        fault_of(&older),
        Some(FileFault::Ahead {
            size: 3000,
            tree_size: 2000
        })
    ));
    // One that went on with other leaves after it was rolled back; another tree.
    for numbers in [
        (0..2000).chain(7000..9000).collect(),
        (4000..9000).collect(),
    ] {
        let other = tree_of(numbers);
        assert!(matches!(
            fault_of(&other),
            Some(FileFault::OtherTree { size: 3000 })
        ));
    }
    // A tree of the same leaves may have it, under whatever name.
    let same = tree_of((0..2970).chain(5..35).chain(8000..8100).collect());
    fs::write(&path, &bytes).unwrap();
    let (_, index) = open_on(Arc::new(same), in_file(directory.path())).unwrap();
    assert_eq!(index.report().unwrap().loaded, 3000);
    index.verify().unwrap();
}

#[test]
fn every_cut_and_every_changed_byte_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, bytes) = saved(directory.path());
    let path = directory.path().join("leaves.index");
    let options = in_file(directory.path()).rebuild(false);
    let fault = || match open_on(Arc::new(storage.clone()), options.clone()) {
        Err(RotorTreeError::Hook(error)) => match *error.downcast::<IndexError>().unwrap() {
            IndexError::File { fault, .. } => fault,
            other => panic!("{other}"),
        },
        other => panic!("{:?}", other.map(drop)),
    };
    let near_ends = |at: &usize| *at < 110 || *at > bytes.len() - 30 || at.is_multiple_of(397);
    for len in (0..bytes.len()).filter(near_ends) {
        fs::write(&path, &bytes[..len]).unwrap();
        assert!(matches!(fault(), FileFault::Damaged(_)), "{len}");
    }
    for at in (0..bytes.len()).filter(near_ends) {
        for bit in [0, 7] {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            fs::write(&path, &changed).unwrap();
            let fault = fault();
            let is_named = match at {
                0..8 => matches!(fault, FileFault::Foreign),
                8..12 => matches!(fault, FileFault::Version { .. }),
                _ => matches!(fault, FileFault::Damaged(_)),
            };
            assert!(is_named, "{at}: {fault}");
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    fs::write(&path, longer).unwrap();
    assert!(matches!(fault(), FileFault::Damaged(_)));
}

#[test]
fn a_missing_unreadable_or_damaged_file_is_built_anew_and_the_report_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, bytes) = saved(directory.path());
    let path = directory.path().join("leaves.index");
    assert!(fault(&storage, directory.path()).is_none());
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        fault(&storage, directory.path()),
        Some(FileFault::Missing)
    ));
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(
        fault(&storage, directory.path()),
        Some(FileFault::Damaged(_))
    ));
    assert_eq!(
        fs::read(&path).unwrap().len(),
        bytes.len() / 2,
        "nothing was changed"
    );
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(
        fault(&storage, directory.path()),
        Some(FileFault::Unreadable(_))
    ));
}

/// Opening a pipe for reading waits for a writer, and for writing it waits for a reader.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_is_waited_for_by_no_call() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = saved(directory.path());
    let unfinished = "leaves.index.0000000000000001.unfinished";
    fs::remove_file(directory.path().join("leaves.index")).unwrap();
    for name in ["leaves.index", unfinished] {
        let made = std::process::Command::new("mkfifo")
            .arg(directory.path().join(name))
            .status();
        assert!(made.unwrap().success());
    }
    assert!(matches!(
        fault(&storage, directory.path()),
        Some(FileFault::Unreadable(_))
    ));
    let (_tree, index) = open_on(Arc::new(storage), in_file(directory.path())).unwrap();
    index.save().unwrap();
    assert!(directory.path().join("leaves.index").is_file());
    assert!(directory.path().join(unfinished).exists());
}

#[test]
fn a_directory_that_takes_no_file_is_named_and_the_index_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let options = in_file(&missing);
    let (tree, index) = open_on(Arc::new(MemoryStorage::new()), options).unwrap();
    tree.insert_many_durable(&leaves(0..100)).unwrap();
    let error = index.save().unwrap_err();
    assert!(matches!(error, IndexError::Io { .. }), "{error}");
    assert!(error.to_string().contains("missing"), "{error}");
    fs::create_dir(&missing).unwrap();
    assert_eq!(index.save().unwrap(), 100);
    let in_memory = LeafIndex::new(IndexOptions::in_memory());
    assert!(matches!(in_memory.save(), Err(IndexError::NotOpen)));
}

/// Linux takes no file there, whoever asks.
#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_takes_no_file_is_named_and_the_index_goes_on() {
    let (tree, index) =
        open_on(Arc::new(MemoryStorage::new()), in_file(Path::new("/sys"))).unwrap();
    tree.insert_many_durable(&leaves(0..100)).unwrap();
    let error = index.save().unwrap_err();
    assert!(matches!(error, IndexError::Io { .. }), "{error}");
    assert!(error.to_string().contains("/sys/leaves.index"), "{error}");
    assert_eq!(index.find(&leaf(99)).unwrap(), Some(99));
    tree.insert_durable(leaf(100)).unwrap();
}

#[test]
fn two_trees_that_save_to_one_file_leave_it_whole() {
    let directory = tempfile::tempdir().unwrap();
    let trees = [0, 50_000].map(|first| {
        let storage = MemoryStorage::new();
        let opened = open_on(Arc::new(storage.clone()), in_file(directory.path())).unwrap();
        opened
            .0
            .insert_many_durable(&leaves(first..first + 3000))
            .unwrap();
        (storage, opened)
    });
    std::thread::scope(|scope| {
        for (_, (_, index)) in &trees {
            scope.spawn(|| (0..20).for_each(|_| assert_eq!(index.save().unwrap(), 3000)));
        }
    });
    let storages = trees.map(|(storage, (tree, _))| {
        tree.close().unwrap();
        storage
    });
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let faults = storages.map(|storage| fault(&storage, directory.path()));
    assert!(
        matches!(
            faults,
            [None, Some(FileFault::OtherTree { .. })] | [Some(FileFault::OtherTree { .. }), None]
        ),
        "{faults:?}"
    );
}

#[test]
fn the_file_stands_beside_the_directory_and_never_in_it() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("tree");
    let open = |options| {
        let index = LeafIndex::new(options);
        let config = rotortree_store::RotorTreeConfig::new(&directory);
        let tree = Tree::builder(config)
            .insert_hook(index.hook())
            .open(Blake3Hasher);
        tree.map(|tree| (tree, index))
    };
    let (tree, index) = open(IndexOptions::beside(&directory)).unwrap();
    tree.insert_many_durable(&leaves(0..100)).unwrap();
    index.save().unwrap();
    assert!(root.path().join("tree.index").is_file());
    drop((tree, index));
    for inside in ["leaves.index", "log/leaves.index"] {
        let opened = open(IndexOptions::in_file(directory.join(inside)));
        let Err(RotorTreeError::Hook(error)) = opened else {
            panic!("it was opened");
        };
        assert!(
            matches!(error.downcast_ref(), Some(IndexError::Inside(_))),
            "{error}"
        );
        assert!(!directory.join(inside).exists());
    }
    // The tree was given back each time.
    for name in ["", ".", "log/.."] {
        let (_, index) = open(IndexOptions::beside(directory.join(name))).unwrap();
        assert_eq!(index.report().unwrap().loaded, 100, "{name}");
    }
}

#[test]
fn what_a_crash_left_unfinished_is_removed_and_what_another_process_writes_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = |number: u64| {
        let name = format!("leaves.index.{number:016x}.unfinished");
        directory.path().join(name)
    };
    fs::write(unfinished(1), b"left over").unwrap();
    let live = fs::File::create(unfinished(2)).unwrap();
    live.lock().unwrap();
    let others = [
        "leaves.index.2.unfinished",
        "leaves.index.bak",
        "x.index.0000000000000001.unfinished",
    ];
    for other in others {
        fs::write(directory.path().join(other), b"of others").unwrap();
    }
    saved(directory.path());
    assert!(!unfinished(1).exists());
    assert!(unfinished(2).exists());
    assert!(
        others
            .iter()
            .all(|other| directory.path().join(other).exists())
    );
}
