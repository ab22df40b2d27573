//! Places that a tree refuses: files, foreign directories, places with another owner.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rotortree::{Blake3Hasher, RotorTreeConfig, StorageError};

use crate::support::{Tree, leaf, leaves, open, quiet, storage_error};

/// Every file below a directory with its bytes, and every directory with none. The lock file, which
/// says nothing, is left out.
pub(crate) fn contents(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                found.insert(name, None);
                left.push(path);
            } else if path.file_name().is_some_and(|name| name != "LOCK") {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn refused(path: &Path) -> StorageError {
    storage_error(Tree::<2>::open(Blake3Hasher, quiet(path)))
}

/// The error of opening a directory of foreign files, none of which may change. No file may be
/// added.
fn foreign(files: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let before = contents(dir.path());
    let names = fs::read_dir(dir.path()).unwrap().count();
    let error = refused(dir.path());
    assert_eq!(contents(dir.path()), before);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        names,
        "not even a lock file was added"
    );
    match &error {
        StorageError::ForeignDirectory {
            place,
            found,
            remedy,
        } => {
            assert_eq!(*place, dir.path().display().to_string());
            assert!(!found.is_empty() && !remedy.is_empty());
        }
        _ => panic!("{error}"),
    }
    error.to_string()
}

#[test]
fn an_empty_path() {
    let error = refused(Path::new(""));
    assert!(matches!(&error, StorageError::InvalidConfig(_)), "{error}");
    assert!(error.to_string().contains("path is empty"), "{error}");
}

#[test]
fn a_path_that_is_a_file_or_below_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    fs::write(&file, "text").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = refused(&path);
        assert!(matches!(error, StorageError::Io(_)), "{error}");
        assert!(error.to_string().contains("a-file"), "{error}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "text");
}

#[cfg(unix)]
#[test]
fn a_place_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let above = dir.path().join("read-only");
    fs::create_dir(&above).unwrap();
    fs::set_permissions(&above, fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write everywhere.
    if fs::write(above.join("probe"), "").is_err() {
        for path in [above.clone(), above.join("tree")] {
            match refused(&path) {
                StorageError::Io(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
                    assert!(error.to_string().contains("read-only"), "{error}");
                }
                error => panic!("{error}"),
            }
        }
    }
    fs::set_permissions(&above, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_directory_of_the_published_layout() {
    let told = foreign(&[("wal", "entries of long ago"), ("data/level_0", "nodes")]);
    assert!(told.contains("rotortree 0.20 or earlier"), "{told}");
    // Before its first checkpoint.
    let header = [
        &[0x10, 0, 0, 0, 0, 0, 0, 0][..],
        b"ROTR",
        &[4, 0, 0, 0, 20, 0, 0, 0],
    ]
    .concat();
    let header = String::from_utf8(header).unwrap();
    let told = foreign(&[("wal", &header)]);
    assert!(told.contains("rotortree 0.20 or earlier"), "{told}");
}

#[test]
fn a_directory_of_somebody_else() {
    let told = foreign(&[("holiday.jpg", "a picture")]);
    assert!(told.contains("holiday.jpg"), "{told}");
    foreign(&[("data/level_0", "nodes")]);
    foreign(&[("wal", "entries")]);
    foreign(&[("log/notes.txt", "no segment of ours")]);
    foreign(&[("MANIFEST.d/x", "a directory of another name")]);
}

#[test]
fn a_tree_whose_manifest_is_gone_is_not_taken_for_an_empty_place() {
    let dir = tempfile::tempdir().unwrap();
    open::<2>(dir.path()).insert(leaf(0)).unwrap();
    fs::remove_file(dir.path().join("MANIFEST")).unwrap();
    let before = contents(dir.path());
    let error = refused(dir.path());
    assert!(
        matches!(error, StorageError::DataCorruption { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("manifest is missing"), "{error}");
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn an_empty_directory_and_missing_ones_above_are_fine() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(open::<2>(&empty).recovery_report().created);
    let deep = dir.path().join("a/b/c");
    assert!(open::<2>(&deep).recovery_report().created);
}

#[test]
fn the_second_opener_is_refused_at_once_and_let_in_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    tree.insert(leaf(0)).unwrap();
    for _ in 0..3 {
        assert!(matches!(refused(dir.path()), StorageError::FileLocked));
    }
    // The same place by another name.
    let roundabout = dir.path().join("log").join("..");
    assert!(matches!(refused(&roundabout), StorageError::FileLocked));
    let clone = tree.clone();
    drop(tree);
    assert!(matches!(refused(dir.path()), StorageError::FileLocked));
    drop(clone);
    assert_eq!(open::<2>(dir.path()).size(), 1);
}

#[test]
fn snapshots_and_tokens_do_not_keep_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let (_, token) = tree.insert_many(&leaves(0..300)).unwrap();
    tree.checkpoint().unwrap();
    let snapshot = tree.snapshot();
    drop(tree);
    let tree = open::<2>(dir.path());
    assert_eq!(snapshot.head(), tree.head());
    token.wait().unwrap();
}

#[test]
fn trees_side_by_side_do_not_meet() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = rotortree::Runtime::new();
    let trees: Vec<Tree<2>> = (0..20)
        .map(|k| {
            let config = RotorTreeConfig::new(dir.path().join(k.to_string()));
            Tree::builder(config)
                .runtime(&runtime)
                .open(Blake3Hasher)
                .unwrap()
        })
        .collect();
    for (k, tree) in (0..).zip(&trees) {
        tree.insert_many(&leaves(0..k + 1)).unwrap();
    }
    for (k, tree) in (0..).zip(trees) {
        tree.flush().unwrap();
        assert_eq!(tree.durable_size(), k + 1);
        tree.close().unwrap();
    }
}
