//! A tree moves into a bucket and back. The process that moves it is lost at every request, and the
//! next call goes on from the last whole shard.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{Arc, LazyLock},
};

use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{
    CheckpointPolicy, RotorTreeError, memory::MemoryStorage,
    test_util::watchdog::limit_this_process,
};

use crate::{
    bucket::Bucket,
    faulty::{Fate, FaultyStore},
    history::{leaves, quick},
    observed::Tree,
};

/// Chunks in a shard, of 128 leaves each.
const SHARD: u64 = 128;
const SHARD_LEAVES: u64 = SHARD * 128;
/// Two whole shards, and a part of a third one.
const LEAVES: u64 = 2 * SHARD_LEAVES + 5000;

/// Bytes of packs that carry so many leaves: those of whole chunks, with the levels above them and
/// checksums.
fn carrying(leaves: u64) -> Range<u64> {
    (leaves * 32).saturating_sub(4096)..leaves * 33 + 16_384
}

fn open(storage: ObjectStorage) -> Result<Tree, RotorTreeError> {
    Tree::on(Arc::new(storage))
        .checkpoint_policy(CheckpointPolicy::Manual)
        .open(Blake3Hasher)
}

fn place(client: &FaultyStore) -> ObjectStorage {
    let storage = ObjectStorage::new(Arc::new(client.clone()), "tree");
    quick(storage.take_over(true).shard_chunks(SHARD))
}

/// A client that is lost at a request, before or after it is applied.
fn lost_at(bucket: &Bucket, at: u64, lands: Option<u64>) -> FaultyStore {
    FaultyStore::planned(bucket, "lost", move |number, _| match number {
        number if number == at => Fate::Dies(lands),
        _ => Fate::Answered,
    })
}

/// The tree on one machine, the same for every case.
fn here() -> &'static Tree {
    static TREE: LazyLock<Tree> = LazyLock::new(|| {
        let tree = Tree::on(Arc::new(MemoryStorage::new())).open(Blake3Hasher);
        let tree = tree.unwrap();
        tree.append(&leaves(1, 0, LEAVES)).durable().unwrap();
        tree
    });
    &TREE
}

/// Moves the tree into a bucket by a client; the first leaf that this call carried.
fn move_in(client: &FaultyStore) -> Result<u64, RotorTreeError> {
    let report = here().backup_to(Arc::new(place(client)))?;
    assert_eq!(report.leaves.end, LEAVES);
    Ok(report.leaves.start)
}

fn bytes_of_packs(bucket: &Bucket) -> u64 {
    let packs = bucket.list(Some(&"tree/pack".into()));
    packs.iter().map(|(_, bytes, _)| bytes).sum()
}

/// A whole number of shards is there, or nothing yet.
fn assert_stopped_between_shards(there: u64) {
    assert!(
        [0, SHARD_LEAVES, 2 * SHARD_LEAVES, LEAVES].contains(&there),
        "{there}"
    );
}

#[test]
fn a_move_into_a_bucket_that_is_cut_at_any_request_goes_on_from_the_last_shard() {
    limit_this_process();
    let bucket = Bucket::default();
    let whole = FaultyStore::new(&bucket, "whole");
    assert_eq!(move_in(&whole).unwrap(), 0);
    let requests = whole.requests();
    assert!(requests > 25, "{requests} requests");
    let mut stops = BTreeSet::new();
    for lands in [None, Some(0)] {
        for at in 0..requests {
            let bucket = Bucket::default();
            let cut = move_in(&lost_at(&bucket, at, lands));
            bucket.settle();
            let next = FaultyStore::new(&bucket, "next");
            let sent = bytes_of_packs(&bucket);
            let from = move_in(&next).unwrap();
            assert_stopped_between_shards(from);
            stops.insert(from);
            // A move whose last answers alone were lost is whole.
            assert!(
                from == LEAVES || cut.is_err(),
                "request {at}: {cut:?}, then from {from}"
            );
            let sent = bytes_of_packs(&bucket) - sent;
            let carried = LEAVES - from;
            assert!(
                carrying(carried).contains(&sent),
                "request {at}: {sent} bytes carried {carried} leaves from {from}"
            );
            let there = open(place(&FaultyStore::new(&bucket, "opens"))).unwrap();
            assert_eq!(there.head(), here().head());
        }
    }
    assert_eq!(stops.len(), 4, "{stops:?}");
}

#[test]
fn a_move_out_of_a_bucket_that_is_cut_at_any_request_goes_on_from_the_last_shard() {
    limit_this_process();
    let bucket = Bucket::default();
    move_in(&FaultyStore::new(&bucket, "in")).unwrap();
    // Too little memory for a shard: the source is read while the target is written.
    let source = |client: &FaultyStore| open(place(client).memory_bytes(100_000));
    let whole = FaultyStore::new(&bucket, "whole");
    let tree = source(&whole).unwrap();
    let opened = whole.requests();
    tree.backup_to(Arc::new(MemoryStorage::with_shard_chunks(SHARD)))
        .unwrap();
    let requests = whole.requests();
    drop(tree);
    let mut stops = BTreeSet::new();
    for at in opened..requests {
        let target = MemoryStorage::with_shard_chunks(SHARD);
        let client = lost_at(&bucket, at, None);
        let cut = source(&client).and_then(|tree| tree.backup_to(Arc::new(target.clone())));
        let tree = source(&FaultyStore::new(&bucket, "next")).unwrap();
        let report = tree.backup_to(Arc::new(target.clone())).unwrap();
        assert_stopped_between_shards(report.leaves.start);
        assert!(
            report.leaves.start == LEAVES || cut.is_err(),
            "request {at}: {cut:?}"
        );
        stops.insert(report.leaves.start);
        drop(tree);
        let back = Tree::on(Arc::new(target)).open(Blake3Hasher).unwrap();
        assert_eq!(back.head(), here().head(), "request {at}");
    }
    assert!(
        stops.contains(&0) && stops.contains(&(2 * SHARD_LEAVES)),
        "{stops:?}"
    );
}
