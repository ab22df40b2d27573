//! Sessions of writers and looks of replicas over a simulated bucket.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_object_store::ObjectStorage;
use rotortree_store::{CheckpointPolicy, FlushPolicy, RotorTreeError, StorageError};

use crate::{
    bucket::Bucket,
    faulty::FaultyStore,
    observed::{Observed, Replica, Tree},
};

/// What is older than thirty requests is collected.
pub(crate) const GRACE: Duration = Duration::from_millis(30);

/// The place as a client sees it.
pub(crate) fn storage(client: &FaultyStore) -> Arc<ObjectStorage> {
    storage_with(client, GRACE)
}

/// As [`storage`], with another grace.
pub(crate) fn storage_with(client: &FaultyStore, grace: Duration) -> Arc<ObjectStorage> {
    let storage = ObjectStorage::new(Arc::new(client.clone()), "tree");
    Arc::new(quick(storage.take_over(true).grace(grace)))
}

/// A simulated store needs no rest between two tries.
pub(crate) fn quick(storage: ObjectStorage) -> ObjectStorage {
    storage.first_wait(Duration::from_micros(200))
}

/// Opens a writer, which takes the place of an earlier one.
pub(crate) fn open(storage: &Arc<ObjectStorage>) -> Result<Tree, RotorTreeError> {
    Tree::on(storage.clone())
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .large_batch_bytes(4 * 4096)
        .open(Blake3Hasher)
}

pub(crate) fn replica(client: &FaultyStore) -> Result<Replica, RotorTreeError> {
    Tree::on(storage(client)).open_read_only(Blake3Hasher)
}

/// Leaves that no other writer has.
pub(crate) fn leaves(writer: u64, first: u64, count: u64) -> Vec<Hash> {
    let leaf = |number: u64| {
        let mut leaf = [0; 32];
        leaf[..8].copy_from_slice(&writer.to_le_bytes());
        leaf[8..16].copy_from_slice(&number.to_le_bytes());
        leaf
    };
    (first..first + count).map(leaf).collect()
}

/// Leaves that a writer appends, durably.
pub(crate) fn append(
    tree: &Tree,
    leaves: &[Hash],
    observed: &Observed,
) -> Result<(), RotorTreeError> {
    let placement = tree.append(leaves).durable()?;
    observed.acknowledge(placement.leaf_range.start, leaves);
    Ok(())
}

/// A session: opening, single leaves, a batch whose chunks go ahead of it, checkpoints, a
/// collection, and closing.
pub(crate) fn work(
    client: &FaultyStore,
    writer: u64,
    observed: &Observed,
) -> Result<(), RotorTreeError> {
    session(client, writer, observed, |storage| {
        storage.collect_orphans().map_err(StorageError::Io)?;
        Ok(())
    })
}

/// A session, with something else before it is closed.
pub(crate) fn session(
    client: &FaultyStore,
    writer: u64,
    observed: &Observed,
    before_closing: impl FnOnce(&ObjectStorage) -> Result<(), RotorTreeError>,
) -> Result<(), RotorTreeError> {
    let storage = storage(client);
    let tree = open(&storage)?;
    append(&tree, &leaves(writer, 0, 1), observed)?;
    append(&tree, &leaves(writer, 1, 700), observed)?;
    tree.checkpoint()?;
    append(&tree, &leaves(writer, 701, 2), observed)?;
    tree.checkpoint()?;
    before_closing(&storage)?;
    tree.close()?;
    Ok(())
}

/// The number of requests of a session in a new bucket, and of one that takes over after it.
pub(crate) fn requests_of_sessions() -> (u64, u64) {
    let (bucket, observed) = (Bucket::default(), Observed::default());
    let count = |writer| {
        let client = FaultyStore::new(&bucket, "count");
        work(&client, writer, &observed).unwrap();
        client.requests()
    };
    (count(1), count(2))
}

/// A replica that is opened now shows what it must.
pub(crate) fn look(bucket: &Bucket, observed: &Observed) {
    let least = observed.least();
    match replica(&FaultyStore::new(bucket, "replica")) {
        Ok(replica) => observed.look(&replica, least),
        // Before there is a store there is nothing to show.
        Err(error) => assert_eq!(least, 0, "a replica finds no store: {error}"),
    }
}

/// What was told holds for a writer that comes later, and for those behind it.
pub(crate) fn conclude(bucket: &Bucket, observed: &Observed) {
    bucket.settle();
    look(bucket, observed);
    let client = FaultyStore::new(bucket, "last");
    let tree = open(&storage(&client)).unwrap();
    observed.check(&tree);
    append(&tree, &leaves(99, 0, 1), observed).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    look(bucket, observed);
    let tree = open(&storage(&FaultyStore::new(bucket, "behind"))).unwrap();
    observed.check(&tree);
}

/// Runs a case over a fresh bucket, and shows its requests if it fails.
pub(crate) fn case(name: impl FnOnce() -> String, run: impl FnOnce(&Bucket, &Arc<Observed>)) {
    let (bucket, observed) = (Bucket::default(), Arc::new(Observed::default()));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        run(&bucket, &observed);
        conclude(&bucket, &observed);
    }));
    if let Err(panic) = outcome {
        let text = panic
            .downcast_ref::<String>()
            .map_or("a panic", String::as_str);
        panic!("{}: {text}\n{}", name(), bucket.trace());
    }
}
