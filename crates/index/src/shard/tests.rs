//! A shard beside a map, through growth, overflow and removal.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{layout::MAX_INDEX_BITS, table::SHARDS};

/// A place spread over the whole range.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 8
}

/// Adds an entry to a shard that grows as it must.
fn insert_into(shard: &mut Shard, place: u64, index: u64) {
    shard.reserve(shard.entries() + 1, index).unwrap();
    shard.put(place, index);
}

/// Every index of a place, as a lookup goes through them.
fn candidates(shard: &Shard, place: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let mut after = None;
    while let Some(index) = shard.candidate(place, after) {
        found.push(index);
        after = Some(index);
    }
    found
}

#[derive(Clone, Debug)]
enum Step {
    /// So many entries of places that differ.
    Insert(u64),
    /// So many entries of places that share their first bits, and so their bucket.
    Crowd(u64, u64),
    /// The tree grows by so many leaves without an entry here.
    Skip(u64),
    /// The last so many entries are taken out.
    Remove(u64),
    Fit,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..300u64).prop_map(Step::Insert),
        2 => (any::<u64>(), 1..90u64).prop_map(|(place, len)| Step::Crowd(place, len)),
        1 => (0..MAX_INDEX_BITS - 2).prop_map(|bits| Step::Skip(1 << bits)),
        3 => (1..200u64).prop_map(Step::Remove),
        1 => Just(Step::Fit),
    ]
}

proptest! {
    #[test]
    fn a_shard_has_what_a_map_has(
        steps in proptest::collection::vec(step(), 1..40),
        number in 0..SHARDS,
        reserved in 0..2000u64,
    ) {
        let mut shard = Shard::new(number, SHARDS);
        shard.reserve(reserved, reserved * SHARDS as u64).unwrap();
        let mut map: BTreeMap<u64, u64> = BTreeMap::new();
        let mut next = 0u64;
        for step in steps {
            let mut insert = |place: u64, map: &mut BTreeMap<u64, u64>| {
                if next < 1 << MAX_INDEX_BITS {
                    insert_into(&mut shard, place, next);
                    map.insert(next, place);
                    next += 1;
                }
            };
            match step {
                Step::Insert(len) => {
                    let first = map.len() as u64;
                    (first..first + len).for_each(|number| insert(spread(number), &mut map));
                }
                Step::Crowd(place, len) => {
                    let crowd = (0..len).map(|low| (place & !0xffff) | (low << 8));
                    crowd.for_each(|place| insert(place & !0xff, &mut map));
                }
                Step::Skip(leaves) => next += leaves,
                Step::Remove(len) => {
                    for _ in 0..len.min(map.len() as u64) {
                        let (index, place) = map.pop_last().unwrap();
                        shard.remove(place, index);
                        // What is not there is not removed.
                        shard.remove(place, index);
                    }
                }
                Step::Fit => shard.fit().unwrap(),
            }
            prop_assert_eq!(shard.entries(), map.len() as u64);
            prop_assert_eq!(shard.iter().count() as u64, shard.entries());
        }
        for (&index, &place) in &map {
            let found = candidates(&shard, place);
            prop_assert!(found.contains(&index), "{} of {}", index, place);
            prop_assert!(found.is_sorted());
            let known = shard.layout().known(place);
            // Each other one is of a place that is the same as far as this shard knows.
            for other in found {
                prop_assert_eq!(shard.layout().known(map[&other]), known);
            }
        }
    }
}

#[test]
fn leaves_that_differ_are_no_candidates_for_each_other() {
    let mut shard = Shard::new(7, SHARDS);
    let mut others = 0;
    for number in 0..200_000 {
        let place = spread(number);
        others += candidates(&shard, place).len();
        insert_into(&mut shard, place, number * SHARDS as u64);
    }
    // A tree of 50 M leaves; each has one other at most in five thousand.
    assert!(others < 40, "{others}");
}

#[test]
fn the_sizes_of_the_shards_differ_at_every_number_of_entries() {
    // Shards grow one after the other: at each moment few of them are about to.
    for entries in [3_000u64, 10_000, 44_444] {
        let sizes: Vec<_> = (0..SHARDS)
            .map(|number| Shard::new(number, SHARDS).size_above((entries / FULL) as f64))
            .collect();
        let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        assert!(
            f64::from(*most) > f64::from(*least) * 1.2,
            "{least} to {most}"
        );
    }
}

#[test]
fn a_tree_of_one_leaf_over_and_over_still_takes_others() {
    // Indices beyond 32 bits in a shard of few entries leave few bits for places.
    let mut shard = Shard::new(0, SHARDS);
    for number in 0..100 {
        insert_into(&mut shard, spread(number), number << 34);
    }
    for number in 100..60_000 {
        insert_into(&mut shard, spread(number), (100 << 34) + number);
    }
    for number in [0, 99, 100, 31_415, 59_999] {
        let index = if number < 100 {
            number << 34
        } else {
            (100 << 34) + number
        };
        assert!(candidates(&shard, spread(number)).contains(&index));
    }
    assert_eq!(shard.entries(), 60_000);
}
