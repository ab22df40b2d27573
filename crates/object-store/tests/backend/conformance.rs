//! The public suite of the storage contract.

use std::sync::Arc;

use object_store::{ObjectStore, local::LocalFileSystem, memory::InMemory};
use rotortree_object_store::ObjectStorage;
use rotortree_store::test_util::conformance;

use crate::place::HEARTBEAT;

fn hold(new_store: impl Fn() -> Arc<dyn ObjectStore>) {
    conformance::run(|| {
        let store = new_store();
        move || {
            ObjectStorage::new(Arc::clone(&store), "place")
                .heartbeat(HEARTBEAT)
                .shard_chunks(1024)
        }
    });
}

#[test]
fn a_store_in_memory_holds_the_contract() {
    hold(|| Arc::new(InMemory::new()));
}

#[test]
fn a_directory_holds_the_contract() {
    let root = tempfile::tempdir().unwrap();
    hold(|| {
        let place = tempfile::tempdir_in(&root).unwrap().keep();
        Arc::new(LocalFileSystem::new_with_prefix(place).unwrap())
    });
}
