//! The API page: names, signatures, defaults and variants as it states them.

use std::{error::Error, io, path::PathBuf, sync::Arc, time::Duration};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, DurabilityToken, FlushPolicy, Hash, RotorTree, RotorTreeConfig,
    RotorTreeError, StorageError, TieringConfig, TreeError, TreeSnapshot,
};

use crate::support::{leaf, open};

type Tree = RotorTree<Blake3Hasher, 2, 32>;
type Inserted = Result<(Hash, DurabilityToken), RotorTreeError>;

#[test]
fn signatures_are_those_of_the_page() {
    let _: fn(Blake3Hasher, RotorTreeConfig) -> Result<Tree, RotorTreeError> = Tree::open;
    let _: fn(&Tree, Hash) -> Inserted = Tree::insert;
    let _: fn(&Tree, &[Hash]) -> Inserted = Tree::insert_many;
    let _: fn(&Tree, Hash) -> Result<Hash, RotorTreeError> = Tree::insert_durable;
    let _: fn(&Tree) -> Option<Hash> = Tree::root;
    let _: fn(&Tree) -> u64 = Tree::size;
    let _: fn(&Tree) -> usize = Tree::depth;
    let _: fn(&Tree) -> Arc<TreeSnapshot<2, 32>> = Tree::snapshot;
    let _: fn(&Tree) -> Result<(), StorageError> = Tree::flush;
    let _: fn(&Tree) -> Result<(), StorageError> = Tree::checkpoint;
    let _: fn(&Tree, Duration) -> bool = Tree::wait_for_checkpoint;
    let _: fn(Tree) -> Result<(), StorageError> = Tree::close;
}

#[test]
fn the_configuration_has_the_five_fields_of_the_page_and_no_other() {
    // Neither naming a sixth nor leaving one out would compile.
    let RotorTreeConfig {
        path,
        flush_policy,
        checkpoint_policy,
        tiering: TieringConfig { pin_above_level },
        verify_checkpoint,
    } = RotorTreeConfig::new("a tree").clone();
    assert_eq!(path, PathBuf::from("a tree"));
    assert_eq!(
        flush_policy,
        FlushPolicy::Interval(Duration::from_millis(10))
    );
    assert_eq!(flush_policy, FlushPolicy::default());
    assert_eq!(
        checkpoint_policy,
        CheckpointPolicy::MemoryThreshold(256 << 20)
    );
    assert_eq!(checkpoint_policy, CheckpointPolicy::default());
    assert_eq!(pin_above_level, usize::MAX);
    assert!(verify_checkpoint);
}

#[test]
fn every_policy_of_the_page_is_there() {
    let checkpoints = [
        CheckpointPolicy::Manual,
        CheckpointPolicy::OnClose,
        CheckpointPolicy::EveryNEntries(10_000),
        CheckpointPolicy::MemoryThreshold(100_000_000),
    ];
    for (at, checkpoint_policy) in checkpoints.into_iter().enumerate() {
        for flush_policy in [
            FlushPolicy::Manual,
            FlushPolicy::Interval(Duration::from_millis(100)),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let config = RotorTreeConfig {
                flush_policy,
                checkpoint_policy,
                ..RotorTreeConfig::new(dir.path())
            };
            let tree = Tree::open(Blake3Hasher, config.clone()).unwrap();
            tree.insert(leaf(at as u64)).unwrap();
            tree.close().unwrap();
            let tree = Tree::open(Blake3Hasher, config).unwrap();
            assert_eq!(tree.root(), Some(leaf(at as u64)));
        }
    }
}

#[test]
fn errors_have_the_variants_of_the_page_and_convert() {
    let storage = [
        StorageError::Io(io::Error::other("x")),
        StorageError::Closed,
        StorageError::FileLocked,
        StorageError::FlushFailed(Arc::new(io::Error::other("x"))),
        StorageError::CheckpointFailed("x".to_owned()),
        StorageError::MathError,
    ];
    for error in storage {
        let told = error.to_string();
        let error = RotorTreeError::from(error);
        assert!(matches!(error, RotorTreeError::Storage(_)));
        assert_eq!(error.to_string(), told);
    }
    let error = RotorTreeError::from(TreeError::EmptyBatch);
    assert!(matches!(error, RotorTreeError::Tree(TreeError::EmptyBatch)));
    let failed = StorageError::FlushFailed(Arc::new(io::Error::other("the cause")));
    assert_eq!(failed.to_string().matches("the cause").count(), 1);
    assert!(failed.source().is_none(), "the text holds the cause");
}

#[test]
fn the_tree_and_what_it_gives_can_be_sent_and_shared() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Tree>();
    shared::<DurabilityToken>();
    shared::<TreeSnapshot<2, 32>>();
    shared::<RotorTreeError>();
    shared::<rotortree::ReadOnly<Blake3Hasher, 2, 32>>();
}

#[test]
fn a_tree_of_the_page_s_size_counts_its_levels() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(
        (tree.root(), tree.size(), tree.depth(), tree.head()),
        (None, 0, 0, None)
    );
    let (root, token) = tree.insert(leaf(0)).unwrap();
    assert_eq!(root, leaf(0));
    assert_eq!((tree.size(), tree.depth()), (1, 0));
    let durable = tree.insert_durable(leaf(1)).unwrap();
    assert!(token.is_durable());
    assert_eq!(
        (tree.root(), tree.size(), tree.depth()),
        (Some(durable), 2, 1)
    );
    assert!(format!("{tree:?}").contains("RotorTree"));
}
