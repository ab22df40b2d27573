//! A tree's directory that is replaced by an older backup, or by another tree, while its index is
//! open and between two openings.

use std::fs;

use rotortree_index::{FileFault, IndexError, IndexView, SavePolicy};
use rotortree_store::{Refusal, RefusalReason, fs::FsStorage};

use super::{files::copy, *};

/// Opens the tree in `tree` with the index in `leaves.index`, which it saves when it is closed.
fn open(root: &Path) -> (Tree, LeafIndex) {
    let storage = Arc::new(FsStorage::new(root.join("tree")));
    let options = in_file(root).refuse_duplicates(true);
    open_on(storage, options.save(SavePolicy::OnClose)).unwrap()
}

/// Replaces the tree's directory by a copy of another one.
fn restore(root: &Path, from: &str) {
    fs::rename(root.join("tree"), root.join("gone")).unwrap();
    copy(&root.join(from), &root.join("tree"));
    fs::remove_dir_all(root.join("gone")).unwrap();
}

/// A directory with `older`, a backup at 1000 leaves, and the tree, closed at 2000.
fn backed_up() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let (tree, _) = open(root.path());
    tree.insert_many_durable(&leaves(0..1000)).unwrap();
    tree.backup(root.path().join("older")).unwrap();
    tree.insert_many_durable(&leaves(1000..2000)).unwrap();
    tree.close().unwrap();
    root
}

/// The tree and its index agree: what is there is refused, and what went may come again.
fn agrees(tree: &Tree, index: &LeafIndex, last: u64) {
    index.verify().unwrap();
    let refused = tree.insert(leaf(last));
    let Err(RotorTreeError::Refused(Refusal { reason, .. })) = refused else {
        panic!("{refused:?}");
    };
    let at = tree.size() - 1;
    assert!(matches!(reason, RefusalReason::Duplicate { index } if index == at));
    assert_eq!(index.find(&leaf(999_999)).unwrap(), None);
}

#[test]
fn a_backup_that_is_restored_between_two_openings_gets_an_index_of_its_own() {
    let root = backed_up();
    restore(root.path(), "older");
    let strict = in_file(root.path()).rebuild(false);
    let storage = Arc::new(FsStorage::new(root.path().join("tree")));
    let Err(RotorTreeError::Hook(error)) = open_on(storage, strict) else {
        panic!("the file was believed");
    };
    let IndexError::File { fault, .. } = *error.downcast().unwrap() else {
        panic!("another error");
    };
    assert!(matches!(
        fault,
        FileFault::Ahead {
            size: 2000,
            tree_size: 1000
        }
    ));
    let (tree, index) = open(root.path());
    assert!(matches!(
        index.report().unwrap().fault,
        Some(FileFault::Ahead { .. })
    ));
    agrees(&tree, &index, 999);
    // The leaves that the backup does not have, in another order: the file's root is another one.
    let again: Vec<_> = leaves((1000..2500).rev());
    tree.insert_many_durable(&again).unwrap();
    agrees(&tree, &index, 1000);
    assert_eq!(index.find(&leaf(2499)).unwrap(), Some(1000));
}

#[test]
fn a_backup_that_went_on_with_other_leaves_is_no_tree_of_the_old_file() {
    let root = backed_up();
    restore(root.path(), "older");
    // Without its index, beyond what the file covers.
    let storage = Arc::new(FsStorage::new(root.path().join("tree")));
    let (tree, _) = open_on(storage, IndexOptions::in_memory()).unwrap();
    tree.insert_many_durable(&leaves(5000..7000)).unwrap();
    tree.close().unwrap();
    let (tree, index) = open(root.path());
    assert!(matches!(
        index.report().unwrap().fault,
        Some(FileFault::OtherTree { size: 2000 })
    ));
    assert_eq!(index.find(&leaf(1500)).unwrap(), None);
    agrees(&tree, &index, 6999);
    let snapshot = tree.snapshot();
    tree.close().unwrap();
    assert_eq!(index.last_save().unwrap(), 3000);
    // A view of a reader believes the file now, and would not have believed the old one.
    let view = IndexView::open(&in_file(root.path()), snapshot).unwrap();
    assert!(view.fault().is_none());
    assert_eq!(view.find(&leaf(5000)).unwrap(), Some(1000));
}

#[test]
fn a_directory_that_is_replaced_while_the_index_is_open_meets_no_file_that_it_believes() {
    let root = backed_up();
    let (tree, index) = open(root.path());
    restore(root.path(), "older");
    // The tree that is open notices, or goes on in the directory that went.
    drop(tree.insert_many_durable(&leaves(2000..3000)));
    let size = tree.size();
    index.verify().unwrap();
    // Whatever it saves is of the tree that went.
    drop(tree.close());
    let covers = index.save().unwrap();
    assert!((2000..=size).contains(&covers), "{covers}");
    drop(index);
    let (tree, index) = open(root.path());
    assert_eq!(tree.size(), 1000, "the backup is as it was");
    assert!(matches!(
        index.report().unwrap().fault,
        Some(FileFault::Ahead {
            tree_size: 1000,
            ..
        })
    ));
    agrees(&tree, &index, 999);
    tree.insert_many_durable(&leaves(1000..1010)).unwrap();
    tree.close().unwrap();
    let (tree, index) = open(root.path());
    assert_eq!(index.report().unwrap().loaded, 1010);
    agrees(&tree, &index, 1009);
}
