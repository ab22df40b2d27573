//! Refusals: the error comes before any change.

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, Hash, HashRole, Hasher, RotorTree,
    RotorTreeConfig, RotorTreeError, StorageError, TreeError,
};
use std::{fmt::Debug, time::Duration};

use crate::support::{Tree, leaf, leaves, open, quiet, storage_error};

fn tree_error<T: Debug>(outcome: Result<T, RotorTreeError>) -> TreeError {
    match outcome.unwrap_err() {
        RotorTreeError::Tree(error) => error,
        error => panic!("not an error of the tree: {error}"),
    }
}

/// Runs a call that must refuse, and checks that nothing changed, now and after reopening.
fn unchanged<H: Hasher, const MAX_DEPTH: usize>(
    hasher: H,
    refuse: impl FnOnce(&RotorTree<H, 2, MAX_DEPTH>) -> TreeError,
) -> TreeError {
    let dir = tempfile::tempdir().unwrap();
    let config = quiet(dir.path());
    let tree = RotorTree::<H, 2, MAX_DEPTH>::open(hasher.clone(), config.clone()).unwrap();
    tree.insert_many_with_metadata(&leaves(0..3), b"three")
        .unwrap();
    let head = tree.head();
    let error = refuse(&tree);
    let state = |tree: &RotorTree<H, 2, MAX_DEPTH>| {
        (tree.head(), tree.metadata(), tree.size(), tree.depth())
    };
    let expected = (head, Some(b"three".to_vec()), 3, 2);
    assert_eq!(state(&tree), expected);
    tree.close().unwrap();
    let tree = RotorTree::<H, 2, MAX_DEPTH>::open(hasher, config).unwrap();
    assert_eq!(state(&tree), expected);
    tree.insert(leaf(3)).unwrap();
    error
}

#[test]
fn an_empty_batch() {
    let refused = [
        unchanged::<_, 32>(Blake3Hasher, |tree| tree_error(tree.insert_many(&[]))),
        unchanged::<_, 32>(Blake3Hasher, |tree| tree_error(tree.try_insert_many(&[]))),
        unchanged::<_, 32>(Blake3Hasher, |tree| {
            tree_error(tree.insert_many_durable(&[]))
        }),
        unchanged::<_, 32>(Blake3Hasher, |tree| tree_error(tree.append_at(3, &[]))),
    ];
    assert!(
        refused
            .iter()
            .all(|error| matches!(error, TreeError::EmptyBatch))
    );
}

#[test]
fn a_tree_that_would_become_too_deep() {
    let full = unchanged::<_, 2>(Blake3Hasher, |tree| {
        tree_error(tree.insert_many(&leaves(0..2)))
    });
    assert!(
        matches!(full, TreeError::MaxDepthExceeded { max_depth: 2 }),
        "{full}"
    );

    let dir = tempfile::tempdir().unwrap();
    let tree = RotorTree::<_, 2, 2>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    tree.insert_many(&leaves(0..4)).unwrap();
    let head = tree.head();
    let full = tree_error(tree.insert(leaf(4)));
    assert!(
        matches!(full, TreeError::MaxDepthExceeded { max_depth: 2 }),
        "{full}"
    );
    assert_eq!(tree.head(), head);
}

#[test]
fn another_size_than_expected() {
    let error = unchanged::<_, 32>(Blake3Hasher, |tree| {
        tree_error(tree.append_at(2, &[leaf(9)]))
    });
    assert!(
        matches!(
            error,
            TreeError::SizeMismatch {
                expected: 2,
                actual: 3
            }
        ),
        "{error}"
    );
}

#[test]
fn a_leaf_that_the_hasher_does_not_work_on() {
    /// Works on values whose last byte is even, as a field's hasher works on its elements.
    #[derive(Clone)]
    struct Even;
    impl Hasher for Even {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            let mut hash = Blake3Hasher.hash_children(children);
            hash[31] &= 0xfe;
            hash
        }
        fn check(&self, hash: &Hash) -> bool {
            hash[31] & 1 == 0
        }
    }
    let odd = [1; 32];
    let error = unchanged::<_, 32>(Even, |tree| tree_error(tree.insert(odd)));
    let refused = |error: &TreeError, at: u64| matches!(error, TreeError::RefusedHash { role: HashRole::Leaf, index, .. } if *index == at);
    assert!(refused(&error, 0), "{error}");
    let batch = [leaf(3), leaf(4), odd, leaf(5)];
    let error = unchanged::<_, 32>(Even, |tree| tree_error(tree.insert_many(&batch)));
    assert!(refused(&error, 2), "{error}");
    let error = unchanged::<_, 32>(Even, |tree| {
        tree_error(tree.insert_many_with_metadata(&batch, b"other"))
    });
    assert!(refused(&error, 2), "{error}");
}

#[test]
fn settings_outside_their_limits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tree");
    let hasty = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(Duration::from_micros(99)),
        ..quiet(&path)
    };
    let never = RotorTreeConfig {
        checkpoint_policy: CheckpointPolicy::EveryNEntries(0),
        ..quiet(&path)
    };
    for config in [hasty, never] {
        let error = storage_error(Tree::<2>::open(Blake3Hasher, config));
        assert!(matches!(error, StorageError::InvalidConfig(_)), "{error}");
        assert!(!path.exists(), "nothing was created");
    }
    assert!(open::<2>(&path).recovery_report().created);
}
