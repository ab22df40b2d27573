//! The objects of a store in memory, behind the back of the trees in it.

use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// All objects, in the order of their names.
pub(crate) fn objects(store: &InMemory) -> Vec<(Path, Vec<u8>)> {
    runtime().block_on(async {
        let listed: Vec<_> = futures_util::TryStreamExt::try_collect(store.list(None))
            .await
            .unwrap();
        let mut objects = Vec::new();
        for meta in listed {
            let bytes = store
                .get(&meta.location)
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
            objects.push((meta.location, bytes.to_vec()));
        }
        objects
    })
}

pub(crate) fn put(store: &InMemory, path: &Path, bytes: &[u8]) {
    let put = store.put(path, bytes.to_vec().into());
    runtime().block_on(put).unwrap();
}

pub(crate) fn remove(store: &InMemory, path: &Path) {
    runtime().block_on(store.delete(path)).unwrap();
}
