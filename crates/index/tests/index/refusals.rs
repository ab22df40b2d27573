//! What is refused, by which form of insert, and what stays.

use rotortree_store::{Refusal, RefusalReason};

use super::*;

fn refusal(outcome: Result<impl std::fmt::Debug, RotorTreeError>) -> Refusal {
    match outcome {
        Err(RotorTreeError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_form_of_insert_refuses_a_leaf_that_the_tree_has() {
    let (tree, index) = in_memory(strict());
    tree.insert_many(&leaves(0..100)).unwrap();
    let spent = leaf(42);
    let outcomes = [
        refusal(tree.insert(spent)),
        refusal(tree.insert_many(&[leaf(500), spent])),
        refusal(tree.insert_durable(spent)),
        refusal(tree.append_durable(&[spent])),
        refusal(tree.try_insert(spent)),
        refusal(tree.append(&[spent]).metadata(b"block").at(100).durable()),
        refusal(tree.append_at(100, &[spent])),
    ];
    for outcome in outcomes {
        assert!(
            matches!(outcome.reason, RefusalReason::Duplicate { index: 42 }),
            "{outcome}"
        );
    }
    assert_eq!((tree.size(), tree.metadata()), (100, None));
    assert!(!index.contains(&leaf(500)).unwrap());
    tree.insert(leaf(500)).unwrap();
    assert_eq!(index.find(&leaf(500)).unwrap(), Some(100));
}

#[test]
fn the_first_refused_leaf_of_a_batch_is_named_whatever_the_reason() {
    let (tree, index) = in_memory(strict());
    tree.insert_many(&leaves(0..1000)).unwrap();
    // Small batches, and those that several threads and pieces have a part of.
    for len in [2usize, 40, 5000, 20_000, 100_000] {
        let fresh = leaves((len as u64) << 32..((len as u64) << 32) + len as u64);
        let (early, late) = (len / 3, len - 1);
        type Spoil<'a> = Box<dyn Fn(&mut [Hash]) + 'a>;
        let cases: [(&str, Spoil<'_>); 4] = [
            ("duplicate", Box::new(|batch| batch[late] = leaf(7))),
            ("in batch", Box::new(|batch| batch[late] = batch[0])),
            ("zero", Box::new(|batch| batch[late] = [0; 32])),
            (
                "each",
                Box::new(|batch| {
                    batch[late] = leaf(8);
                    batch[early] = [0; 32];
                }),
            ),
        ];
        for (name, spoil) in cases {
            let mut batch = fresh.clone();
            spoil(&mut batch);
            let refused = refusal(tree.insert_many(&batch));
            let expected = if name == "each" { early } else { late };
            assert_eq!(refused.position, expected, "{name} {len}");
            let is_named = match name {
                "duplicate" => matches!(refused.reason, RefusalReason::Duplicate { index: 7 }),
                "in batch" => {
                    matches!(
                        refused.reason,
                        RefusalReason::DuplicateInBatch { position: 0 }
                    )
                }
                _ => matches!(refused.reason, RefusalReason::Zero),
            };
            assert!(is_named, "{name} {len}: {refused}");
            let stats = index.stats().unwrap();
            assert_eq!((stats.leaves, stats.distinct), (tree.size(), tree.size()));
        }
        tree.insert_many(&fresh).unwrap();
        let again = refusal(tree.insert_many(&fresh));
        assert_eq!(again.position, 0);
        is_found(&tree, &index, &fresh);
    }
}

/// Every leaf of the last batch is found where it stands.
fn is_found(tree: &Tree, index: &LeafIndex, batch: &[Hash]) {
    let first = tree.size() - batch.len() as u64;
    for (place, leaf) in (first..).zip(batch) {
        assert_eq!(index.find(leaf).unwrap(), Some(place));
    }
}

#[test]
fn without_refusal_every_leaf_is_taken_and_the_first_index_is_found() {
    let (tree, index) = in_memory(IndexOptions::in_memory());
    tree.insert_many(&[leaf(1), [0; 32], leaf(1), [0; 32]])
        .unwrap();
    tree.insert_many(&vec![leaf(2); 40_000]).unwrap();
    assert_eq!(index.find(&leaf(1)).unwrap(), Some(0));
    assert_eq!(index.find(&[0; 32]).unwrap(), Some(1));
    assert_eq!(index.find(&leaf(2)).unwrap(), Some(4));
    assert_eq!(index.find(&leaf(3)).unwrap(), None);
    let stats = index.stats().unwrap();
    assert_eq!((stats.leaves, stats.distinct), (40_004, 3));
    assert!(
        stats.memory_bytes < 200_000,
        "one leaf takes one entry: {stats:?}"
    );
    assert_eq!(index.duplicates().unwrap().count(), 40_001);
}

#[test]
fn duplicates_from_before_refusal_was_switched_on_are_reported_and_stay() {
    let storage = MemoryStorage::new();
    let (tree, _) = open_on(Arc::new(storage.clone()), IndexOptions::in_memory()).unwrap();
    tree.insert_many(&leaves((0..500).chain(100..103))).unwrap();
    tree.close().unwrap();
    let (tree, index) = open_on(Arc::new(storage), strict()).unwrap();
    assert_eq!(index.report().unwrap().duplicates, 3);
    let duplicates: Vec<_> = index.duplicates().unwrap().map(Result::unwrap).collect();
    let places = duplicates.iter().map(|leaf| (leaf.index, leaf.first));
    assert!(places.eq([(500, 100), (501, 101), (502, 102)]));
    assert_eq!(tree.size(), 503);
    let refused = refusal(tree.insert(leaf(101)));
    assert!(matches!(
        refused.reason,
        RefusalReason::Duplicate { index: 101 }
    ));
    tree.insert(leaf(9999)).unwrap();
}

#[test]
fn an_index_has_one_tree_and_answers_from_then_on() {
    let index = LeafIndex::new(strict());
    assert!(matches!(
        index.find(&leaf(0)),
        Err(rotortree_index::IndexError::NotOpen)
    ));
    let open = |storage| {
        Tree::on(storage)
            .insert_hook(index.hook())
            .open(Blake3Hasher)
    };
    let storage = MemoryStorage::new();
    let tree = open(Arc::new(storage.clone())).unwrap();
    tree.insert(leaf(0)).unwrap();
    let second = open(Arc::new(MemoryStorage::new())).map(drop).unwrap_err();
    assert!(
        second.to_string().contains("one index for each opening"),
        "{second}"
    );
    tree.close().unwrap();
    assert_eq!(
        index.find(&leaf(0)).unwrap(),
        Some(0),
        "also of a closed tree"
    );
    // A tree whose opening failed is closed.
    Tree::on(Arc::new(storage)).open(Blake3Hasher).unwrap();
}
