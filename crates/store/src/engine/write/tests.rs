//! What is kept of the snapshot that was published before.

use std::sync::{Arc, Weak};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{TreeSnapshot, reference};

use crate::{
    CheckpointPolicy, Engine, EngineConfig, FlushPolicy, memory::MemoryStorage, sync::lock,
};

type Tree = Engine<Blake3Hasher, 3, 32>;

fn open() -> Tree {
    let config = EngineConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        ..EngineConfig::default()
    };
    let engine = Engine::open(Blake3Hasher, Arc::new(MemoryStorage::new()), config);
    engine.expect("an empty place can be opened")
}

/// The snapshot that is kept to be made the next one.
fn spare(tree: &Tree) -> Option<Weak<TreeSnapshot<3, 32>>> {
    let writer = lock(&tree.core().writer);
    writer.spare.as_ref().map(Arc::downgrade)
}

fn insert(tree: &Tree, leaves: &[Hash]) {
    for leaf in leaves {
        tree.insert(*leaf).expect("the leaf fits");
    }
}

#[test]
fn what_a_reader_has_is_never_made_the_next_snapshot() {
    let tree = open();
    let leaves = reference::sample_leaves(3, 200);
    let mut held = Vec::new();
    let mut reused = 0;
    for (i, leaf) in leaves.iter().enumerate() {
        let before = spare(&tree).map(|spare| spare.as_ptr());
        tree.insert(*leaf).unwrap();
        let now = tree.snapshot();
        reused += usize::from(before.is_some_and(|before| std::ptr::eq(before, &*now)));
        // Every third one, so that both happen.
        if i % 3 == 0 {
            held.push(now);
        }
    }
    assert!(reused > 50, "snapshots that nobody has are used again");
    for snapshot in held {
        let size = snapshot.size() as usize;
        let levels = reference::levels(&Blake3Hasher, 3, &leaves[..size]);
        assert_eq!(snapshot.root(), levels.last().map(|level| level[0]));
        for (level, nodes) in levels.iter().enumerate() {
            let mut read = vec![[0; 32]; nodes.len()];
            snapshot.read_nodes(level, 0, &mut read).unwrap();
            assert_eq!(&read, nodes, "level {level} at size {size}");
        }
    }
}

#[test]
fn nothing_is_kept_that_keeps_more_alive_than_the_published_snapshot_does() {
    let tree = open();
    let leaves = reference::sample_leaves(3, 40);
    insert(&tree, &leaves[..20]);
    assert!(spare(&tree).is_some());
    // Other nodes: the segments grew.
    tree.append(&reference::sample_leaves(4, 1000), None, None)
        .unwrap();
    assert!(spare(&tree).is_none());
    // Other metadata.
    insert(&tree, &leaves[20..30]);
    assert!(spare(&tree).is_some());
    tree.append(&[], Some(b"cursor"), None).unwrap();
    assert!(spare(&tree).is_none());
    // Other nodes again: the checkpoint took them out of memory.
    insert(&tree, &leaves[30..]);
    assert!(spare(&tree).is_some());
    tree.checkpoint().unwrap();
    assert!(spare(&tree).is_none());
}

#[test]
fn a_tree_that_goes_idle_keeps_none() {
    let tree = open();
    insert(&tree, &reference::sample_leaves(3, 20));
    assert!(spare(&tree).is_some());
    tree.flush().unwrap();
    tree.core().mark();
    assert!(spare(&tree).is_none());
}
