//! An insert hook costs an insert no allocation, and a tree without one makes the same.

use std::sync::Arc;

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, InsertHook, RotorTree, RotorTreeError, memory::MemoryStorage,
};

use crate::counting::{alone, calls};

#[derive(Debug)]
struct Idle;

impl InsertHook for Idle {
    fn check(&self, _: u64, _: &[Hash]) -> Result<(), RotorTreeError> {
        Ok(())
    }
    fn inserted(&self, _: u64, _: &[Hash]) {}
}

/// The allocations of inserts of one leaf, of one more, and of a batch.
fn counts(hook: Option<Arc<dyn InsertHook>>) -> [usize; 3] {
    let mut builder = RotorTree::<_, 2, 32>::on(Arc::new(MemoryStorage::new()))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual);
    if let Some(hook) = hook {
        builder = builder.insert_hook(hook);
    }
    let tree = builder.open(Blake3Hasher).unwrap();
    let leaves = sample_leaves(9, 4000);
    tree.insert_many(&leaves[..1000]).unwrap();
    [1000..1001, 1001..1002, 1002..4000]
        .map(|range| calls(|| tree.insert_many(&leaves[range]).unwrap()).1)
}

#[test]
fn a_hook_adds_no_allocation_to_an_insert() {
    alone(|| assert_eq!(counts(None), counts(Some(Arc::new(Idle)))));
}
