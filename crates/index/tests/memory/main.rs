//! Bytes and allocations of an index, counted. A program of its own, since the allocator counts for
//! the whole process.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::sync::Arc;

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_index::{IndexOptions, LeafIndex};
use rotortree_lean_imt::TreeError;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeError,
    memory::MemoryStorage,
    test_util::counting::{Counting, alone, calls, peak},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn strict() -> IndexOptions {
    IndexOptions::in_memory()
        .refuse_duplicates(true)
        .refuse_zero(true)
}

/// Leaves that differ, and of which none is zero.
fn leaves(numbers: impl IntoIterator<Item = u64>) -> Vec<Hash> {
    let leaf = |number: u64| {
        let mut leaf = [7; 32];
        leaf[..8].copy_from_slice(&number.to_le_bytes());
        leaf
    };
    numbers.into_iter().map(leaf).collect()
}

/// A tree with few nodes beside its leaves.
type Wide = RotorTree<Blake3Hasher, 16, 16>;

fn wide(index: Option<&LeafIndex>, storage: &MemoryStorage) -> Wide {
    let mut builder = Wide::on(Arc::new(storage.clone()))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual);
    if let Some(index) = index {
        builder = builder.insert_hook(index.hook());
    }
    builder.open(Blake3Hasher).unwrap()
}

#[test]
fn an_index_takes_at_most_eight_and_a_half_bytes_a_leaf_and_nine_while_it_grows() {
    alone(|| {
        let index = LeafIndex::new(strict());
        let tree = wide(Some(&index), &MemoryStorage::new());
        let mut next = 0;
        let mut batch = |len: u64| {
            next += len;
            leaves(next - len..next)
        };
        tree.insert_many(&batch(1_000_000)).unwrap();
        tree.flush().unwrap();
        let (mut least, mut most, mut at_peak) = (f64::MAX, 0f64, 0f64);
        // A shard has grown four times at the end.
        while tree.size() < 2_400_000 {
            let small = batch(1000);
            let (inserted, beyond) = peak(|| tree.insert_many(&small));
            inserted.unwrap();
            let bytes = index.stats().unwrap().memory_bytes;
            let leaves = tree.size() as f64;
            // What the tree allocates for the batch counts as well.
            at_peak = at_peak.max((bytes + beyond) as f64 / leaves);
            tree.insert_many(&batch(9000)).unwrap();
            tree.flush().unwrap();
            let each = index.stats().unwrap().memory_bytes as f64 / tree.size() as f64;
            (least, most) = (least.min(each), most.max(each));
        }
        println!("{least:.2} to {most:.2} bytes a leaf, at most {at_peak:.2} while it grows");
        assert!(most <= 8.5 && at_peak <= 9.0, "{most} {at_peak}");
    });
}

#[test]
fn the_bytes_that_an_index_tells_are_those_that_it_allocates() {
    alone(|| {
        const LEAVES: u64 = 1_200_000;
        let storage = MemoryStorage::new();
        let tree = wide(None, &storage);
        tree.insert_many(&leaves(0..LEAVES)).unwrap();
        tree.checkpoint().unwrap();
        tree.close().unwrap();
        let (tree, without) = peak(|| wide(None, &storage));
        tree.close().unwrap();
        let index = LeafIndex::new(strict());
        let (tree, with) = peak(|| wide(Some(&index), &storage));
        let told = index.stats().unwrap().memory_bytes;
        // The block of leaves, its hashes, and what sorts them.
        let work = (4 << 20) + (1 << 20) + (1 << 20);
        let built = with.saturating_sub(without);
        println!("{told} bytes for {LEAVES} leaves, {built} while it was built");
        assert!(told as f64 <= 8.5 * LEAVES as f64);
        assert!(built <= told * 21 / 20 + work, "{built} {told}");
        let (copy, own) = peak(|| vec![0u8; told]);
        assert!(own >= copy.len());
        drop(tree);
    });
}

#[test]
fn a_lookup_allocates_nothing_and_an_insert_what_the_tree_does() {
    alone(|| {
        let count = |index: Option<&LeafIndex>| {
            let tree = wide(index, &MemoryStorage::new());
            tree.insert_many(&leaves(0..100_000)).unwrap();
            let one = leaves(100_000..101_000);
            let inserted = || -> Result<(), RotorTreeError> {
                one.iter().try_for_each(|leaf| tree.insert(*leaf).map(drop))
            };
            let (outcome, calls) = calls(inserted);
            outcome.unwrap();
            calls
        };
        let index = LeafIndex::new(strict());
        let (without, with) = (count(None), count(Some(&index)));
        println!("{without} allocations for 1000 inserts, {with} with an index");
        // Some shards grow, and some leaves fall into a full bucket.
        assert!(with <= without + 100);
        let (present, absent) = (leaves(0..101_000), leaves(1 << 40..(1 << 40) + 1000));
        let look = || -> Result<usize, TreeError> {
            let found = present.iter().chain(&absent);
            Ok(found.filter(|leaf| index.contains(leaf).unwrap()).count())
        };
        let (found, calls) = calls(look);
        assert_eq!((found.unwrap(), calls), (present.len(), 0));
    });
}
