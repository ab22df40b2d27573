//! A place in a store in memory, and trees in it.

use std::{sync::Arc, time::Duration};

use object_store::{ObjectStore, memory::InMemory};
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::Hash;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{ReadOnly, RotorTree, RotorTreeError};

/// Short, so that an opener that waits for an owner does not wait long.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(40);

pub(crate) type Tree = RotorTree<Blake3Hasher, 4, 20>;
pub(crate) type Replica = ReadOnly<Blake3Hasher, 4, 20>;

/// A store that lives as long as its clones.
#[derive(Clone)]
pub(crate) struct Bucket(pub(crate) Arc<dyn ObjectStore>);

impl Bucket {
    pub(crate) fn new() -> Self {
        Self(Arc::new(InMemory::new()))
    }

    pub(crate) fn storage(&self) -> ObjectStorage {
        ObjectStorage::new(Arc::clone(&self.0), "trees/one").heartbeat(HEARTBEAT)
    }

    pub(crate) fn open(&self) -> Result<Tree, RotorTreeError> {
        self.open_on(self.storage())
    }

    pub(crate) fn open_on(&self, storage: ObjectStorage) -> Result<Tree, RotorTreeError> {
        Tree::on(Arc::new(storage)).open(Blake3Hasher)
    }

    pub(crate) fn replica(&self) -> Result<Replica, RotorTreeError> {
        Tree::on(Arc::new(self.storage())).open_read_only(Blake3Hasher)
    }
}

/// Leaves that differ.
pub(crate) fn leaves(from: u64, count: u64) -> Vec<Hash> {
    let leaf = |index: u64| {
        let mut leaf = [0x5a; 32];
        leaf[..8].copy_from_slice(&index.to_le_bytes());
        leaf
    };
    (from..from + count).map(leaf).collect()
}

/// Appends leaves and waits until they are durable.
pub(crate) fn append(tree: &Tree, from: u64, count: u64) {
    let (_, token) = tree.insert_many(&leaves(from, count)).unwrap();
    token.wait().unwrap();
}
