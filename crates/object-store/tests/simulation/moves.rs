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

/// The tree on one machine, and a bucket with a copy of its beginning: the same for every case.
struct Here {
    tree: Tree,
    earlier: Bucket,
}

/// Leaves of the earlier copy, and what belongs to it and to the whole tree.
const EARLIER: u64 = 1000;
const METADATA: [&[u8]; 2] = [b"block 1", b"block 2"];

fn here() -> &'static Here {
    static HERE: LazyLock<Here> = LazyLock::new(|| {
        let tree = Tree::on(Arc::new(MemoryStorage::new())).open(Blake3Hasher);
        let tree = tree.unwrap();
        let append = |from, to, metadata| {
            let leaves = leaves(1, from, to - from);
            tree.append(&leaves).metadata(metadata).durable().unwrap();
        };
        append(0, EARLIER, METADATA[0]);
        let earlier = Bucket::default();
        let client = FaultyStore::new(&earlier, "earlier");
        tree.backup_to(Arc::new(place(&client))).unwrap();
        append(EARLIER, LEAVES, METADATA[1]);
        Here { tree, earlier }
    });
    &HERE
}

/// Moves the tree into a bucket by a client; the first leaf that this call copied.
fn move_in(client: &FaultyStore) -> Result<u64, RotorTreeError> {
    let report = here().tree.backup_to(Arc::new(place(client)))?;
    assert_eq!((report.leaves.end, report.copied.end), (LEAVES, LEAVES));
    Ok(report.copied.start)
}

fn bytes_of_packs(bucket: &Bucket) -> u64 {
    let packs = bucket.list(Some(&"tree/pack".into()));
    packs.iter().map(|(_, bytes, _)| bytes).sum()
}

/// A copy that was cut short is what it was before, or whole.
fn assert_as_it_was(bucket: &Bucket, before: u64) {
    let client = FaultyStore::new(bucket, "looks");
    let replica = Tree::on(Arc::new(place(&client))).open_read_only(Blake3Hasher);
    let state = match &replica {
        Ok(replica) => (
            replica.size(),
            replica.snapshot().metadata().map(<[u8]>::to_vec),
        ),
        // There is none yet.
        Err(_) => (0, None),
    };
    let known = |metadata: &[u8]| Some(metadata.to_vec());
    let as_it_was = (before, (before > 0).then(|| METADATA[0].to_vec()));
    assert!(
        state == as_it_was || state == (LEAVES, known(METADATA[1])),
        "{} leaves with {:?}",
        state.0,
        state.1
    );
}

/// Moves the tree into copies of a bucket, with a client that is lost at each request.
fn cut_at_any_request(there: &Bucket, before: u64) {
    limit_this_process();
    let whole = FaultyStore::new(&there.copy(), "whole");
    assert_eq!(move_in(&whole).unwrap(), before);
    let requests = whole.requests();
    assert!(requests > 25, "{requests} requests");
    let mut stops = BTreeSet::new();
    for lands in [None, Some(0)] {
        for at in 0..requests {
            let bucket = there.copy();
            let cut = move_in(&lost_at(&bucket, at, lands));
            bucket.settle();
            assert_as_it_was(&bucket, before);
            let next = FaultyStore::new(&bucket, "next");
            let sent = bytes_of_packs(&bucket);
            let from = move_in(&next).unwrap();
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
            assert_eq!(there.head(), here().tree.head());
            assert_eq!(there.snapshot().metadata(), Some(METADATA[1]));
        }
    }
    assert!(
        stops
            .into_iter()
            .eq([before, SHARD_LEAVES, 2 * SHARD_LEAVES, LEAVES]),
        "a call goes on from a whole shard"
    );
}

#[test]
fn a_move_into_a_bucket_that_is_cut_at_any_request_goes_on_from_the_last_shard() {
    cut_at_any_request(&Bucket::default(), 0);
}

#[test]
fn a_copy_with_metadata_that_is_extended_stays_as_it_was_until_it_is_whole() {
    cut_at_any_request(&here().earlier, EARLIER);
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
        let from = report.copied.start;
        assert!(from == LEAVES || cut.is_err(), "request {at}: {cut:?}");
        stops.insert(from);
        drop(tree);
        let back = Tree::on(Arc::new(target)).open(Blake3Hasher).unwrap();
        assert_eq!(back.head(), here().tree.head(), "request {at}");
    }
    let shards = [0, SHARD_LEAVES, 2 * SHARD_LEAVES, LEAVES];
    assert!(stops.iter().all(|from| shards.contains(from)), "{stops:?}");
    assert!(
        stops.contains(&0) && stops.contains(&(2 * SHARD_LEAVES)),
        "{stops:?}"
    );
}
