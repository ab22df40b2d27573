//! An index beside a `HashMap`, through inserts, refusals, reopening and saving.

use std::collections::HashMap;

use proptest::prelude::*;
use rotortree_store::{Refusal, RefusalReason};

use super::*;

#[derive(Clone, Debug)]
enum Deed {
    /// A batch of leaves out of a small pool, so that many repeat.
    Pooled(Vec<u64>),
    /// So many leaves that no batch had.
    Fresh(u64),
    /// The same, and one of the pool at a position.
    Mixed(u64, u64, usize),
    Save,
    Checkpoint,
    Reopen,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => proptest::collection::vec(0..60u64, 1..6).prop_map(Deed::Pooled),
        3 => prop_oneof![1..50u64, 1000..1100u64, 15_000..40_000u64].prop_map(Deed::Fresh),
        2 => (1..20_000u64, 0..60u64, any::<usize>())
            .prop_map(|(len, pooled, at)| Deed::Mixed(len, pooled, at)),
        1 => Just(Deed::Save),
        1 => Just(Deed::Checkpoint),
        2 => Just(Deed::Reopen),
    ]
}

/// What a map says of a batch: the first leaf that is refused.
fn expected(map: &HashMap<Hash, u64>, batch: &[Hash]) -> Option<(usize, Result<u64, usize>)> {
    let mut within: HashMap<Hash, usize> = HashMap::new();
    for (position, leaf) in batch.iter().enumerate() {
        if let Some(&index) = map.get(leaf) {
            return Some((position, Ok(index)));
        }
        if let Some(&earlier) = within.get(leaf) {
            return Some((position, Err(earlier)));
        }
        within.insert(*leaf, position);
    }
    None
}

/// Where the refusal says that the leaf stands: in the tree, or in the batch.
fn told(refusal: &Refusal) -> (usize, Result<u64, usize>) {
    let place = match refusal.reason {
        RefusalReason::Duplicate { index } => Ok(index),
        RefusalReason::DuplicateInBatch { position } => Err(position),
        ref other => panic!("{other}"),
    };
    (refusal.position, place)
}

fn run(deeds: Vec<Deed>, refuses: bool) {
    let directory = tempfile::tempdir().unwrap();
    let storage = MemoryStorage::new();
    let open = || {
        let options = in_file(directory.path()).refuse_duplicates(refuses);
        open_on(Arc::new(storage.clone()), options).unwrap()
    };
    let mut map: HashMap<Hash, u64> = HashMap::new();
    let (mut size, mut fresh, mut saved) = (0u64, 1 << 40, 0);
    let (mut tree, mut index) = open();
    for deed in deeds {
        let batch = match deed {
            Deed::Pooled(numbers) => leaves(numbers),
            Deed::Fresh(len) => {
                fresh += len;
                leaves(fresh - len..fresh)
            }
            Deed::Mixed(len, pooled, at) => {
                fresh += len;
                let mut batch = leaves(fresh - len..fresh);
                let at = at % batch.len();
                batch[at] = leaf(pooled);
                batch
            }
            Deed::Save => {
                saved = index.save().unwrap();
                assert_eq!(saved, tree.durable_size());
                continue;
            }
            Deed::Checkpoint => {
                tree.checkpoint().unwrap();
                continue;
            }
            Deed::Reopen => {
                tree.close().unwrap();
                (tree, index) = open();
                let report = index.report().unwrap();
                assert_eq!((report.loaded, report.added), (saved, size - saved));
                assert_eq!(report.duplicates, size - map.len() as u64);
                continue;
            }
        };
        let refused = expected(&map, &batch).filter(|_| refuses);
        match (tree.insert_many(&batch), refused) {
            (Ok((_, token)), None) => {
                assert_eq!(token.leaf_range(), size..size + batch.len() as u64);
                for (index, leaf) in (size..).zip(&batch) {
                    map.entry(*leaf).or_insert(index);
                }
                size += batch.len() as u64;
            }
            (Err(RotorTreeError::Refused(refusal)), Some(expected)) => {
                assert_eq!(told(&refusal), expected);
            }
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
        for pooled in leaves(0..60) {
            assert_eq!(index.find(&pooled).unwrap(), map.get(&pooled).copied());
        }
        for leaf in batch.iter().step_by(batch.len() / 10 + 1) {
            assert_eq!(index.find(leaf).unwrap(), map.get(leaf).copied());
        }
        let stats = index.stats().unwrap();
        assert_eq!((stats.leaves, stats.distinct), (size, map.len() as u64));
    }
    for (leaf, &place) in &map {
        assert_eq!(index.find(leaf).unwrap(), Some(place));
    }
    index.verify().unwrap();
    let duplicates: Vec<_> = index.duplicates().unwrap().map(Result::unwrap).collect();
    assert_eq!(duplicates.len() as u64, size - map.len() as u64);
    for duplicate in duplicates {
        let leaf = tree.get_leaf(duplicate.index).unwrap();
        assert_eq!(Some(&duplicate.first), map.get(&leaf));
        assert!(duplicate.first < duplicate.index);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn an_index_finds_and_refuses_what_a_map_does(
        deeds in proptest::collection::vec(deed(), 1..25),
        refuses: bool,
    ) {
        run(deeds, refuses);
    }
}
