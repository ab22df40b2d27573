//! N and the hasher are a tree's identity, MAX_DEPTH is a ceiling, and an expected head
//! must be there.

use rotortree::{
    Blake3Hasher, Hash, Hasher, RotorTree, RotorTreeError, StorageError, TreeError, TreeHead,
};

use crate::support::{Tree, leaf, leaves, open, quiet, storage_error};

/// BLAKE3 with a tag in front: another function.
#[derive(Clone)]
struct Tagged;

impl Hasher for Tagged {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let mut tagged = vec![[0x5a; 32]];
        tagged.extend_from_slice(children);
        Blake3Hasher.hash_children(&tagged)
    }
}

#[test]
fn another_n_is_refused_with_both_values() {
    let dir = tempfile::tempdir().unwrap();
    open::<2>(dir.path()).insert(leaf(0)).unwrap();
    let error = storage_error(Tree::<4>::open(Blake3Hasher, quiet(dir.path())));
    match &error {
        StorageError::ConfigMismatch {
            expected_n,
            actual_n,
            ..
        } => {
            assert_eq!((*expected_n, *actual_n), (4, 2));
        }
        _ => panic!("{error}"),
    }
    let told = error.to_string();
    assert!(told.contains("N = 2") && told.contains("N = 4"), "{told}");
    assert_eq!(open::<2>(dir.path()).size(), 1);
}

#[test]
fn another_hasher_is_refused_with_both_fingerprints() {
    let dir = tempfile::tempdir().unwrap();
    open::<2>(dir.path()).insert(leaf(0)).unwrap();
    let outcome = RotorTree::<_, 2, 32>::open(Tagged, quiet(dir.path()));
    match storage_error(outcome) {
        StorageError::HasherMismatch { expected, actual } => {
            assert_eq!(expected, Tagged.fingerprint(2));
            assert_eq!(actual, Blake3Hasher.fingerprint(2));
        }
        error => panic!("{error}"),
    }
    assert_eq!(open::<2>(dir.path()).size(), 1);
}

#[test]
fn a_smaller_max_depth_is_refused_with_both_values() {
    let dir = tempfile::tempdir().unwrap();
    open::<2>(dir.path()).insert(leaf(0)).unwrap();
    let outcome = RotorTree::<_, 2, 31>::open(Blake3Hasher, quiet(dir.path()));
    match storage_error(outcome) {
        StorageError::ConfigMismatch {
            expected_max_depth,
            actual_max_depth,
            ..
        } => {
            assert_eq!((expected_max_depth, actual_max_depth), (31, 32));
        }
        error => panic!("{error}"),
    }
}

#[test]
fn a_larger_max_depth_opens_and_the_stored_one_is_obeyed_until_it_is_raised() {
    let dir = tempfile::tempdir().unwrap();
    let small = RotorTree::<_, 2, 2>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    small.insert_many(&leaves(0..4)).unwrap();
    small.close().unwrap();

    let large = RotorTree::<_, 2, 40>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    match large.insert(leaf(4)) {
        Err(RotorTreeError::Tree(TreeError::MaxDepthExceeded { max_depth: 2 })) => {}
        other => panic!("{other:?}"),
    }
    large.close().unwrap();
    let small = RotorTree::<_, 2, 2>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    small.close().unwrap();

    let raised = RotorTree::<_, 2, 40>::builder(quiet(dir.path()))
        .raise_max_depth()
        .open(Blake3Hasher)
        .unwrap();
    // Raised although nothing is written.
    raised.close().unwrap();
    let outcome = RotorTree::<_, 2, 39>::open(Blake3Hasher, quiet(dir.path()));
    assert!(matches!(
        storage_error(outcome),
        StorageError::ConfigMismatch { .. }
    ));
    let raised = RotorTree::<_, 2, 41>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    raised.insert(leaf(4)).unwrap();
    assert_eq!(raised.size(), 5);
}

#[test]
fn an_expected_head_must_be_in_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(dir.path());
    tree.insert_many(&leaves(0..100)).unwrap();
    let head = tree.head().unwrap();
    tree.insert_many(&leaves(100..150)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();

    let expecting = |head| Tree::<4>::builder(quiet(dir.path())).expect_head(head);
    let tree = expecting(head).open(Blake3Hasher).unwrap();
    let last = tree.head().unwrap();
    tree.close().unwrap();
    expecting(TreeHead::EMPTY)
        .open(Blake3Hasher)
        .unwrap()
        .close()
        .unwrap();
    let missing = [
        TreeHead { size: 151, ..last },
        TreeHead { size: 100, ..last },
        TreeHead {
            root: leaf(7),
            ..head
        },
    ];
    for absent in missing {
        let before = crate::place::contents(dir.path());
        let error = storage_error(expecting(absent).open(Blake3Hasher));
        let size = absent.size;
        assert!(
            matches!(error, StorageError::UnexpectedHead { size: told, .. } if told == size),
            "{error}"
        );
        let error = storage_error(expecting(absent).open_read_only(Blake3Hasher));
        assert!(
            matches!(error, StorageError::UnexpectedHead { .. }),
            "{error}"
        );
        assert_eq!(
            crate::place::contents(dir.path()),
            before,
            "refusing changes nothing"
        );
    }
    assert_eq!(
        expecting(last).open(Blake3Hasher).unwrap().head(),
        Some(last)
    );
}
