//! Random histories of appends, checkpoints and reopenings against the reference tree.

use std::sync::Arc;

use proptest::prelude::*;
use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::{
    geometry::{MAX_BLOCK_NODES, Stride},
    reference::sample_leaves,
};
use rotortree_store::storage::Reads;

use super::store::{Store, Tree, assert_nodes, expected};

#[derive(Debug, Clone)]
enum Step {
    Append(u64),
    Checkpoint,
    Reopen(Reads, usize),
    Hold,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let reads = prop_oneof![Just(Reads::Mapped), Just(Reads::Positioned)];
    let pin = prop_oneof![Just(usize::MAX), 0..6_usize];
    let step = prop_oneof![
        4 => prop_oneof![1..5_u64, 100..160_u64, 1..3000_u64].prop_map(Step::Append),
        3 => Just(Step::Checkpoint),
        2 => (reads, pin).prop_map(|(reads, pin)| Step::Reopen(reads, pin)),
        1 => Just(Step::Hold),
    ];
    proptest::collection::vec(step, 1..16)
}

fn run<const N: usize>(steps: &[Step], stride: usize) {
    let widest = Stride::widest(N as u64, MAX_BLOCK_NODES).levels();
    let leaves = sample_leaves(77, 50_000);
    let mut store = Store::with_shard_chunks(N, 128).striding(1 + stride % widest);
    let mut tree = Tree::<N>::new(ToyHasher::new());
    let (mut cold, mut pin) = (store.cold(Reads::Mapped), usize::MAX);
    let mut held = Vec::new();
    for step in steps {
        match step {
            Step::Append(count) => {
                let start = tree.size() as usize;
                let end = (start + *count as usize).min(leaves.len());
                if end > start {
                    tree.insert_many(&leaves[start..end]).unwrap();
                }
            }
            Step::Checkpoint => {
                store.checkpoint(&tree.snapshot()).unwrap();
                cold = cold.extend(&store.manifest).unwrap();
                tree.nodes_mut()
                    .rebase(Arc::clone(&cold) as _, &cold.base_lens(pin));
            }
            Step::Reopen(reads, now_pinned) => {
                // As after a crash: nodes without a checkpoint are gone.
                pin = *now_pinned;
                tree = store.reopen(ToyHasher::new(), *reads, pin);
                cold = store.cold(*reads);
            }
            Step::Hold => held.push(tree.snapshot()),
        }
    }
    held.push(tree.snapshot());
    for snapshot in held {
        if snapshot.size() > 0 {
            assert_nodes(&snapshot, &expected(N, &leaves, snapshot.size()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_history_gives_the_reference_tree(steps in steps(), arity in 0..6_usize, stride in 0..84_usize) {
        match arity {
            0 => run::<2>(&steps, stride),
            1 => run::<3>(&steps, stride),
            2 => run::<4>(&steps, stride),
            3 => run::<5>(&steps, stride),
            4 => run::<8>(&steps, stride),
            _ => run::<16>(&steps, stride),
        }
    }
}
