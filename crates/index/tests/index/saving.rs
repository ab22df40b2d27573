//! Files that the index saves by itself.

use std::fs;

use rotortree_index::{IndexError, SavePolicy};

use super::*;

#[test]
fn a_policy_saves_at_its_moments_and_no_policy_never_does() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("leaves.index");
    for (policy, at_checkpoint, at_close) in [
        (SavePolicy::Manual, None, None),
        (SavePolicy::OnClose, None, Some(1200)),
        (SavePolicy::OnCheckpoint, Some(1000), Some(1200)),
    ] {
        let storage = MemoryStorage::new();
        let options = in_file(directory.path()).save(policy);
        let (tree, index) = open_on(Arc::new(storage.clone()), options.clone()).unwrap();
        tree.insert_many(&leaves(0..1000)).unwrap();
        tree.checkpoint().unwrap();
        assert_eq!(index.last_save().unwrap(), at_checkpoint.unwrap_or(0));
        assert_eq!(file.exists(), at_checkpoint.is_some());
        tree.insert_many(&leaves(1000..1200)).unwrap();
        tree.close().unwrap();
        assert_eq!(index.last_save().unwrap(), at_close.unwrap_or(0));
        let (tree, index) = open_on(Arc::new(storage), options).unwrap();
        assert_eq!(index.report().unwrap().loaded, at_close.unwrap_or(0));
        assert_eq!(index.last_save().unwrap(), at_close.unwrap_or(0));
        index.verify().unwrap();
        // Nothing is new.
        drop(fs::remove_file(&file));
        tree.close().unwrap();
        assert!(!file.exists());
    }
}

#[test]
fn checkpoints_save_once_an_eighth_of_the_leaves_is_behind_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let options = in_file(directory.path()).save(SavePolicy::OnCheckpoint);
    let (tree, index) = open_on(Arc::new(MemoryStorage::new()), options).unwrap();
    let mut saves = Vec::new();
    while tree.size() < 10_000 {
        tree.insert_many(&leaves(tree.size()..tree.size() + 100))
            .unwrap();
        tree.checkpoint().unwrap();
        let saved = index.last_save().unwrap();
        assert!(tree.size() - saved <= saved / 8, "{saved}");
        if saves.last() != Some(&saved) {
            saves.push(saved);
        }
    }
    let written: u64 = saves.iter().sum();
    assert!(written <= 9 * 10_000, "{saves:?}");
    assert_eq!(tree.stats().checkpoint_failures, 0);
    // An explicit save counts as well.
    tree.insert_many_durable(&leaves(20_000..20_001)).unwrap();
    assert_eq!(index.save().unwrap(), tree.size());
    assert_eq!(index.last_save().unwrap(), tree.size());
}

#[test]
fn a_save_that_fails_is_told_ends_nothing_else_and_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let options = in_file(&missing).save(SavePolicy::OnCheckpoint);
    let (tree, index) = open_on(Arc::new(MemoryStorage::new()), options).unwrap();
    tree.insert_many(&leaves(0..1000)).unwrap();
    tree.checkpoint().unwrap();
    let failure = index.last_save().unwrap_err();
    assert!(matches!(*failure, IndexError::Io { .. }), "{failure}");
    fs::create_dir(&missing).unwrap();
    tree.insert(leaf(1000)).unwrap();
    tree.checkpoint().unwrap();
    assert_eq!(index.last_save().unwrap(), 1001);
    fs::remove_dir_all(&missing).unwrap();
    tree.insert(leaf(1001)).unwrap();
    tree.close().unwrap();
    assert!(index.last_save().is_err());
    // The tree is closed all the same.
    assert_eq!(index.find(&leaf(1001)).unwrap(), Some(1001));
}
