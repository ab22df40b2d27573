//! Units in packs: many small ones, merged while they gather, and the last put that counts.

use std::sync::Arc;

use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::{DiskCache, ObjectStorage, PackCache};
use rotortree_store::storage::{Locator, Reads, Shard, Storage, Stream, UnitRange};

use crate::place::{Bucket, Replica, Tree, append};

const SHARD: Shard = Shard {
    stream: Stream::Chunks,
    level: 0,
    index: 0,
};

fn put(storage: &dyn Storage, with: &Locator, first: u64, bytes: &[u8]) -> Locator {
    let mut units = storage.start_units(&[with]).unwrap();
    units.put(SHARD, first, bytes).unwrap();
    units.finish().unwrap()
}

fn counter(storage: &dyn Storage, wanted: &str) -> u64 {
    let mut found = None;
    storage.counters(&mut |name, value| {
        if name == wanted {
            found = Some(value);
        }
    });
    found.unwrap()
}

#[test]
fn a_unit_that_is_put_again_counts_before_a_merged_one() {
    let bucket = Bucket::new();
    let storage = bucket.storage();
    let mut locator = Locator::default();
    let mut expected = vec![0_u8; 40 * 4096];
    for round in 0..40_u8 {
        // The unit before once more, with other bytes, and a new one.
        let first = usize::from(round).saturating_sub(1);
        let bytes = vec![round + 1; (usize::from(round) - first + 1) * 4096];
        locator = put(&storage, &locator, first as u64, &bytes);
        expected[first * 4096..][..bytes.len()].copy_from_slice(&bytes);
    }
    assert!(counter(&storage, "packs_merged") > 10);
    for handle in [storage, bucket.storage()] {
        let view = handle
            .region(&locator, SHARD, 40, Reads::Positioned)
            .unwrap();
        let mut read = vec![0; expected.len()];
        view.read_at(0, &mut read).unwrap();
        assert!(read == expected);
    }
}

#[test]
fn a_hint_makes_the_reads_that_follow_cost_nothing() {
    let bucket = Bucket::new();
    let locator = put(&bucket.storage(), &Locator::default(), 0, &[7; 64 * 4096]);
    let storage = bucket.storage();
    let view = storage
        .region(&locator, SHARD, 64, Reads::Positioned)
        .unwrap();
    let each = |first| UnitRange {
        shard: SHARD,
        first,
        units: 1,
    };
    let hint: Vec<UnitRange> = [3, 9, 10, 11, 40].map(each).into();
    storage.read_ahead(&locator).unwrap().will_read(&hint);
    let before = counter(&storage, "gets");
    for range in &hint {
        let mut unit = [0; 4096];
        view.read_at(range.first * 4096, &mut unit).unwrap();
        assert_eq!(unit, [7; 4096]);
    }
    assert_eq!(counter(&storage, "gets"), before);
    assert_eq!(counter(&storage, "cache_hits"), 5);
}

#[test]
fn a_refresh_with_nothing_new_is_two_requests_however_long_the_log() {
    let bucket = Bucket::new();
    let tree = bucket.open().unwrap();
    for round in 0..50 {
        crate::place::append(&tree, round * 3, 3);
    }
    let storage = std::sync::Arc::new(bucket.storage());
    let builder = crate::place::Tree::on(std::sync::Arc::clone(&storage) as _);
    let replica = builder
        .open_read_only(rotortree_hasher::Blake3Hasher)
        .unwrap();
    let requests = || ["puts", "gets", "lists", "deletes"].map(|name| counter(&*storage, name));
    for _ in 0..3 {
        let [puts, gets, lists, deletes] = requests();
        assert!(!replica.refresh().unwrap());
        assert_eq!(requests(), [puts, gets + 2, lists, deletes]);
    }
    crate::place::append(&tree, 150, 1);
    let [puts, gets, lists, deletes] = requests();
    assert!(replica.refresh().unwrap());
    assert_eq!(replica.head(), tree.head());
    let [puts_now, gets_now, lists_now, deletes_now] = requests();
    assert_eq!([puts_now, lists_now, deletes_now], [puts, lists, deletes]);
    assert!(gets_now <= gets + 5, "{gets}, then {gets_now}");
}

/// A bucket with a checkpoint of levels, and a replica whose disk has all of its packs.
struct Filled {
    bucket: Bucket,
    _folder: tempfile::TempDir,
    cache: Arc<DiskCache>,
    storage: Arc<ObjectStorage>,
    replica: Replica,
}

/// Two levels have whole chunks.
const LEAVES: u64 = 20_000;
const CACHE_BYTES: u64 = 4 << 20;

impl Filled {
    fn new() -> Self {
        let bucket = Bucket::new();
        let tree = bucket.open().unwrap();
        append(&tree, 0, LEAVES);
        tree.checkpoint().unwrap();
        tree.close().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cache = Arc::new(DiskCache::open(folder.path(), CACHE_BYTES).unwrap());
        let storage = Arc::new(bucket.storage().cache(cache.clone()));
        storage.fill_cache().unwrap();
        let opened = Tree::on(Arc::clone(&storage) as _).open_read_only(Blake3Hasher);
        Self {
            bucket,
            _folder: folder,
            cache,
            storage,
            replica: opened.unwrap(),
        }
    }

    /// Proves leaves, and returns the requests, the units that hints named, and those that were
    /// read from memory or the disk instead of where they are mapped.
    fn prove(&self, indices: impl Iterator<Item = u64>) -> [u64; 3] {
        let counts =
            || ["gets", "units_prefetched", "cache_hits"].map(|name| counter(&*self.storage, name));
        let before = counts();
        let snapshot = self.replica.snapshot();
        for index in indices {
            let proof = snapshot.generate_proof(index).unwrap();
            proof
                .verify_against(&Blake3Hasher, snapshot.head().unwrap())
                .unwrap();
        }
        let after = counts();
        [0, 1, 2].map(|at| after[at] - before[at])
    }
}

#[test]
fn with_every_pack_on_the_disk_proofs_take_neither_requests_nor_hints_nor_copies() {
    assert_eq!(Filled::new().prove((0..LEAVES).step_by(7)), [0; 3]);
}

/// Levels of nodes, each in a chunk of its own, are fetched side by side: by a hint before the
/// first is read.
#[test]
fn once_a_pack_has_left_the_disk_a_proof_asks_for_all_that_it_reads_at_once() {
    let filled = Filled::new();
    let other = vec![1; CACHE_BYTES as usize - 1000];
    filled.cache.keep("another", 0, &other);
    assert!(filled.cache.has("another", other.len() as u64));
    let [gets, hinted, hits] = filled.prove(1234..1235);
    assert!(
        gets >= 2 && hinted >= gets,
        "{gets} requests, {hinted} units"
    );
    assert_eq!(hits, hinted, "each unit that was read came with the hint");
    assert_eq!(
        filled.prove(1234..1235),
        [0; 3],
        "the block and the chunk are held"
    );
    // It comes back to the disk with the next filling.
    let storage = Arc::new(filled.bucket.storage().cache(filled.cache.clone()));
    assert!(storage.fill_cache().unwrap() > 0);
}
