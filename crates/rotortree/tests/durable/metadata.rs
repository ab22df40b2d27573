//! Metadata: one entry with its leaves, part of every snapshot.

use rotortree::StorageError;

use crate::support::{leaf, leaves, open, storage_error};

#[test]
fn metadata_and_leaves_are_read_as_one_pair() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(tree.metadata(), None);
    let (root, token) = tree
        .insert_many_with_metadata(&[], b"before any leaf")
        .unwrap();
    assert_eq!((root, token.head(), token.leaf_range()), (None, None, 0..0));
    assert_eq!(tree.metadata().as_deref(), Some(&b"before any leaf"[..]));

    let (root, token) = tree
        .insert_many_with_metadata(&leaves(0..3), b"three")
        .unwrap();
    assert_eq!((root, token.leaf_range()), (tree.root(), 0..3));
    let held = tree.snapshot();
    let (same, token) = tree.insert_many_with_metadata(&[], b"still three").unwrap();
    assert_eq!((same, token.leaf_range()), (root, 3..3));
    tree.insert(leaf(3)).unwrap();
    assert_eq!((held.size(), held.metadata()), (3, Some(&b"three"[..])));
    assert_eq!(
        tree.metadata().as_deref(),
        Some(&b"still three"[..]),
        "leaves alone leave it"
    );

    tree.close().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(tree.metadata().as_deref(), Some(&b"still three"[..]));
    tree.insert_many_with_metadata(&[], b"").unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(
        (tree.size(), tree.metadata().as_deref()),
        (4, Some(&b""[..]))
    );
}

#[test]
fn the_durable_snapshot_has_the_metadata_that_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let (_, first) = tree.insert_many_with_metadata(&[leaf(0)], b"1").unwrap();
    first.wait().unwrap();
    tree.insert_many_with_metadata(&[leaf(1)], b"2").unwrap();
    let durable = tree.durable_snapshot();
    assert_eq!((durable.size(), durable.metadata()), (1, Some(&b"1"[..])));
}

#[test]
fn metadata_has_a_limit() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let most = vec![7; 64 << 10];
    tree.insert_many_with_metadata(&[leaf(0)], &most).unwrap();
    let error = storage_error(tree.insert_many_with_metadata(&[leaf(1)], &[0; (64 << 10) + 1]));
    let StorageError::MetadataTooLong { len, max } = error else {
        panic!("{error}");
    };
    assert_eq!((len, max), (most.len() + 1, most.len()));
    assert_eq!((tree.size(), tree.metadata()), (1, Some(most.clone())));
    tree.close().unwrap();
    assert_eq!(open::<2>(dir.path()).metadata(), Some(most));
}

#[test]
fn a_checkpoint_covers_metadata_that_came_without_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    tree.insert_many(&leaves(0..10)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many_with_metadata(&[], b"alone").unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(tree.metadata().as_deref(), Some(&b"alone"[..]));
    assert_eq!(tree.recovery_report().replayed_records, 0);
}
