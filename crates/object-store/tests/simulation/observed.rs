//! [`Observed`]: what was acknowledged and what was shown, and the rules for both.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{LeanIMT, TreeHead};
use rotortree_store::{ReadOnly, RotorTree};

pub(crate) type Tree = RotorTree<Blake3Hasher, 2, 32>;
pub(crate) type Replica = ReadOnly<Blake3Hasher, 2, 32>;

/// What clients were told.
#[derive(Default)]
pub(crate) struct Observed {
    /// Each leaf that a writer was told is durable.
    acknowledged: Mutex<BTreeMap<u64, Hash>>,
    /// Each state that was shown.
    shown: Mutex<Vec<TreeHead>>,
}

impl Observed {
    /// A writer was told that these leaves are durable. No other leaf ever was at their places.
    pub(crate) fn acknowledge(&self, first: u64, leaves: &[Hash]) {
        let mut acknowledged = self
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (index, leaf) in (first..).zip(leaves) {
            let before = acknowledged.insert(index, *leaf);
            assert!(
                before.is_none_or(|before| before == *leaf),
                "leaf {index} was acknowledged twice, with other bytes"
            );
        }
    }

    /// How many leaves a state must have that is looked at from now on.
    pub(crate) fn least(&self) -> u64 {
        let acknowledged = self
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        acknowledged
            .last_key_value()
            .map_or(0, |(last, _)| last + 1)
    }

    /// Looks at a replica that was opened or refreshed when `least` leaves were acknowledged.
    pub(crate) fn look(&self, replica: &Replica, least: u64) {
        let snapshot = replica.snapshot();
        let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
        assert!(
            head.size >= least,
            "a replica shows {} leaves, and {least} were acknowledged before it looked",
            head.size
        );
        if let Some(last) = head.size.checked_sub(1) {
            for index in [0, last / 2, last] {
                let proof = snapshot.generate_proof(index).unwrap();
                proof.verify_against(&Blake3Hasher, head).unwrap();
            }
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push(head);
    }

    /// Holds the tree of a later writer to all of it.
    pub(crate) fn check(&self, tree: &Tree) {
        let size = tree.size();
        let leaves: Vec<Hash> = (0..size)
            .map(|index| tree.get_leaf(index).unwrap())
            .collect();
        let acknowledged = self
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (index, leaf) in acknowledged.iter() {
            assert_eq!(
                leaves.get(*index as usize),
                Some(leaf),
                "leaf {index} was acknowledged, and the tree has {size} leaves"
            );
        }
        let shown = self.shown.lock();
        let mut shown = shown.unwrap_or_else(PoisonError::into_inner).clone();
        // One pass over the leaves serves all of them.
        shown.sort_unstable_by_key(|head| head.size);
        let mut prefix = LeanIMT::<Blake3Hasher, 2, 32>::new(Blake3Hasher);
        for head in shown {
            let more = leaves.get(prefix.size() as usize..head.size as usize);
            let more = more.unwrap_or_else(|| {
                panic!("{} leaves were shown, and the tree has {size}", head.size)
            });
            if !more.is_empty() {
                prefix.insert_many(more).unwrap();
            }
            assert_eq!(
                prefix.head().unwrap_or(TreeHead::EMPTY),
                head,
                "what was shown at {} leaves is no prefix of the tree",
                head.size
            );
        }
        if let Some(last) = size.checked_sub(1) {
            let snapshot = tree.snapshot();
            for index in [0, last / 3, last / 2, last] {
                let proof = snapshot.generate_proof(index).unwrap();
                proof
                    .verify_against(&Blake3Hasher, snapshot.head().unwrap())
                    .unwrap();
            }
        }
    }
}
