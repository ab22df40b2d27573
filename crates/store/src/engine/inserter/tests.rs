//! The fate of the replaced snapshot, and inserts that must not wait beside a sync that does not
//! end.

use std::{sync::Arc, thread};

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference;

use crate::{
    CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeError, StorageError, memory::MemoryStorage,
    settings::Settings,
};

/// A tree of single inserts; and whether it has a spare snapshot.
fn tree() -> (RotorTree<Blake3Hasher, 3, 32>, impl Fn() -> bool) {
    let config = Settings {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        ..Settings::default()
    };
    let tree = RotorTree::open_with(Blake3Hasher, Arc::new(MemoryStorage::new()), config);
    let tree: RotorTree<_, 3, 32> = tree.expect("an empty place can be opened");
    for leaf in reference::sample_leaves(3, 20) {
        tree.insert(leaf).expect("it fits");
    }
    let core = Arc::clone(tree.parts());
    let has_spare = move || core.writer.lock().spare.is_some();
    (tree, has_spare)
}

#[test]
fn a_checkpoint_leaves_none_that_has_the_nodes_in_memory() {
    let (tree, has_spare) = tree();
    assert!(has_spare());
    tree.checkpoint().unwrap();
    assert!(!has_spare());
}

#[test]
fn a_tree_that_goes_idle_keeps_none() {
    let (tree, has_spare) = tree();
    assert!(has_spare());
    tree.flush().unwrap();
    // A tick may be at it this very moment, and this thread then does nothing.
    let is_gone = (0..1000).any(|_| {
        tree.parts().committer.mark();
        std::thread::yield_now();
        !has_spare()
    });
    assert!(is_gone);
}

#[test]
fn a_trying_insert_does_not_wait_for_a_sync() {
    let config = Settings {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        max_unflushed_bytes: 4096,
        ..Settings::default()
    };
    let tree = RotorTree::open_with(Blake3Hasher, Arc::new(MemoryStorage::new()), config);
    let tree: RotorTree<_, 3, 32> = tree.expect("an empty place can be opened");
    let leaves = reference::sample_leaves(3, 1000);
    let refused = |batch| {
        let outcome = tree.append(batch).try_submit();
        assert!(matches!(
            outcome,
            Err(RotorTreeError::Storage(StorageError::WouldBlock))
        ));
    };
    // The leader is in a sync until the test releases it.
    let lead = || {
        tree.parts()
            .group()
            .take_lead()
            .expect("nothing has failed")
    };
    let syncing = lead();
    tree.append(&leaves[..100]).try_submit().unwrap();
    assert!(tree.stats().pending_bytes > 2048);
    refused(&leaves[100..200]);
    tree.parts().committer.give_back(syncing);
    tree.flush().unwrap();
    let syncing = lead();
    thread::scope(|scope| {
        // A batch above the bound is on its way into the log, and waits for the lead.
        let large = scope.spawn(|| tree.append(&leaves[100..]).submit());
        while !tree.parts().writer.lock().streaming {
            thread::yield_now();
        }
        refused(&leaves[..1]);
        assert_eq!(tree.size(), 100);
        tree.parts().committer.give_back(syncing);
        let large = large.join().expect("it does not panic");
        assert_eq!(large.unwrap().leaf_range(), 100..1000);
    });
    tree.flush().unwrap();
    tree.append(&leaves[..1]).try_submit().unwrap();
}
