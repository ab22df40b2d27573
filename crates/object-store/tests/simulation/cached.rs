//! A replica with a cache on its disk: what was fetched once is not asked for again, by a later
//! process neither.

use std::{sync::Arc, time::Duration};

use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::{DiskCache, ObjectStorage};
use rotortree_store::test_util::watchdog::limit_this_process;

use crate::{
    bucket::Bucket,
    faulty::FaultyStore,
    history::{append, case, leaves, open, storage_with},
    observed::{Observed, Tree},
};

/// Opens a replica over a cache in a folder, fills the cache if asked, and proves every leaf.
/// Returns the requests for packs.
fn serve(bucket: &Bucket, observed: &Observed, folder: &tempfile::TempDir, fills: bool) -> usize {
    let client = FaultyStore::new(bucket, &format!("served with {}", observed.least()));
    let before = bucket.count("read tree/pack");
    let cache = Arc::new(DiskCache::open(folder.path(), 1 << 20).unwrap());
    let storage = ObjectStorage::new(Arc::new(client), "tree");
    // Too little memory for a chunk: it is the disk that serves.
    let storage = Arc::new(storage.cache(cache).memory_bytes(1000));
    if fills {
        storage.fill_cache().unwrap();
    }
    let replica = Tree::on(storage).open_read_only(Blake3Hasher).unwrap();
    observed.look(&replica, observed.least());
    let (snapshot, head) = (replica.snapshot(), replica.head().unwrap());
    for index in 0..snapshot.size() {
        let proof = snapshot.generate_proof(index).unwrap();
        proof.verify_against(&Blake3Hasher, head).unwrap();
    }
    bucket.count("read tree/pack") - before
}

#[test]
fn a_replica_asks_for_each_pack_once_in_all_its_lives() {
    limit_this_process();
    case(
        || "a cache".to_owned(),
        |bucket, observed| {
            let client = FaultyStore::new(bucket, "writer");
            let storage = storage_with(&client, Duration::from_secs(3600));
            let tree = open(&storage).unwrap();
            append(&tree, &leaves(1, 0, 1000), observed).unwrap();
            tree.checkpoint().unwrap();
            let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
            let [filled, asked] = &folders;
            assert_eq!(serve(bucket, observed, filled, true), 1, "one pack, whole");
            assert!(
                serve(bucket, observed, asked, false) > 1,
                "a chunk at a time"
            );
            for folder in &folders {
                assert_eq!(serve(bucket, observed, folder, false), 0, "from the disk");
            }
            append(&tree, &leaves(1, 1000, 1000), observed).unwrap();
            tree.checkpoint().unwrap();
            assert_eq!(
                serve(bucket, observed, filled, true),
                2,
                "the batch, and the levels above"
            );
        },
    );
}
