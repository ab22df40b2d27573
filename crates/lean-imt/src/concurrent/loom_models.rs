//! Every interleaving, within bounds, of writers and readers. Published nodes are readable, and no
//! thread touches a slot that another thread may be writing (see `SlotWatch`). In these models a
//! segment has 16 slots and the first one of a level 4, so that a few leaves fill them.

use loom::{model::Builder, thread};
use rotortree_hasher::{Blake3Hasher, Hash};
use std::sync::Arc;

use super::ConcurrentLeanIMT;
use crate::{LeanIMT, TreeSnapshot, reference};

fn model(test: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(test);
}

fn assert_whole<const N: usize>(snapshot: &TreeSnapshot<N, 6>, leaves: &[Hash]) {
    let size = snapshot.size() as usize;
    let levels = reference::levels(&Blake3Hasher, N, &leaves[..size]);
    for (k, level) in levels.iter().enumerate() {
        let mut nodes = vec![[0; 32]; level.len()];
        snapshot.read_nodes(k, 0, &mut nodes).unwrap();
        assert_eq!(&nodes, level);
    }
}

#[test]
fn loom_models_a_reader_beside_a_writer_whose_segments_grow() {
    model(|| {
        let leaves = reference::sample_leaves(1, 6);
        let mut tree = LeanIMT::<_, 2, 6>::new(Blake3Hasher);
        tree.insert_many(&leaves[..3]).unwrap();
        let old = tree.snapshot();
        let tree = Arc::new(ConcurrentLeanIMT::from_tree(tree));
        let writer = thread::spawn({
            let (tree, leaves) = (Arc::clone(&tree), leaves.clone());
            move || {
                tree.insert(leaves[3]).unwrap();
                tree.insert_many(&leaves[4..]).unwrap();
            }
        });
        assert_whole(&tree.snapshot(), &leaves);
        assert_whole(&old, &leaves);
        assert_whole(&tree.snapshot(), &leaves);
        writer.join().unwrap();
        assert_eq!(tree.size(), 6);
    });
}

#[test]
fn loom_models_two_writers_and_a_reader() {
    model(|| {
        let tree = Arc::new(ConcurrentLeanIMT::<_, 2, 6>::new(Blake3Hasher));
        let writers = [[1; 32], [2; 32]].map(|leaf| {
            let tree = Arc::clone(&tree);
            thread::spawn(move || {
                let root = tree.insert(leaf).unwrap();
                let snapshot = tree.snapshot();
                let size = snapshot.size();
                assert!(size > 1 || snapshot.root() == Some(root));
            })
        });
        let snapshot = tree.snapshot();
        let size = snapshot.size();
        let mut leaves = vec![[0; 32]; size as usize];
        snapshot.read_nodes(0, 0, &mut leaves).unwrap();
        assert_eq!(snapshot.root(), reference::root(&Blake3Hasher, 2, &leaves));
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(tree.size(), 2);
    });
}

#[test]
fn loom_models_a_fork_that_grows_beside_its_origin() {
    model(|| {
        let leaves = reference::sample_leaves(1, 7);
        let mut tree = LeanIMT::<_, 2, 6>::new(Blake3Hasher);
        tree.insert_many(&leaves[..5]).unwrap();
        let mut clone = tree.try_clone().unwrap();
        let mut fork = tree.snapshot().fork().unwrap();
        let other = thread::spawn({
            let leaves = leaves.clone();
            move || {
                clone.insert(leaves[5]).unwrap();
                fork.insert(leaves[5]).unwrap();
                assert_whole(&clone.snapshot(), &leaves);
                assert_whole(&fork.snapshot(), &leaves);
            }
        });
        tree.insert(leaves[5]).unwrap();
        tree.insert(leaves[6]).unwrap();
        assert_whole(&tree.snapshot(), &leaves);
        other.join().unwrap();
    });
}
