//! Tests of a [`Set`] on one thread, and beside a writer.

use std::thread;

use super::*;
use crate::cold::slabs::zeros;

const fn id(number: u64) -> BlockId {
    BlockId { level: 7, number }
}

/// The memory of a set.
struct Memory(Box<[AtomicU64]>);

impl Memory {
    fn new(ways: usize) -> Self {
        Self(zeros(set_bytes(ways, 126) / 8))
    }

    fn set(&self) -> Set<'_> {
        Set::new(&self.0, 126).expect("there are words of a header")
    }
}

/// A set in which blocks 1 to 8 are offered once.
fn full() -> Memory {
    let memory = Memory::new(WAYS);
    for number in 1..=8 {
        offer(memory.set(), number);
    }
    memory
}

fn offer(set: Set<'_>, number: u64) {
    set.insert(id(number), &[[number as u8; 32]; 126]);
}

fn has(set: Set<'_>, number: u64) -> bool {
    let Some(block) = set.find(id(number)) else {
        return false;
    };
    (0..126).for_each(|slot| assert_eq!(block.node(slot), [number as u8; 32]));
    assert!(block.is_unchanged());
    true
}

#[test]
fn no_two_blocks_have_a_tag_in_common() {
    let tag = |level, number| BlockId { level, number }.tag();
    for level in 0..=60 {
        let last = (1 << (62 - level)) - 1;
        assert!(tag(level, 0) > tag(level + 1, last / 2), "level {level}");
        assert_eq!(tag(level, last) - tag(level, 0), last);
    }
}

#[test]
fn a_full_set_drops_a_block_that_was_not_read() {
    let memory = full();
    let set = memory.set();
    assert!(
        (1..=8)
            .filter(|number| *number != 2)
            .all(|number| has(set, number))
    );
    offer(set, 9);
    offer(set, 9);
    assert!(has(set, 9) && !has(set, 2));
    assert!((3..=8).all(|number| has(set, number)) && has(set, 1));
    // All were read: the circle goes on behind the one that was dropped last.
    offer(set, 10);
    offer(set, 10);
    assert!(has(set, 10) && !has(set, 3));
}

#[test]
fn a_full_set_keeps_a_block_that_is_offered_again_soon_and_no_other() {
    let memory = full();
    let set = memory.set();
    for number in 9..1_000 {
        offer(set, number);
    }
    assert!((1..=8).all(|number| has(set, number)));
    // Eight offers are remembered.
    offer(set, 992);
    assert!(has(set, 992) && !has(set, 1));
    offer(set, 991);
    assert!(!has(set, 991));
}

#[test]
fn a_set_takes_no_more_ways_than_it_may() {
    let memory = Memory::new(3);
    let set = memory.set();
    for number in 1..=20 {
        offer(set, number);
    }
    let kept = (1..=20).filter(|number| has(set, *number));
    assert_eq!(kept.collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_set_that_a_thread_writes_to_has_no_block_and_no_room() {
    let memory = full();
    let set = memory.set();
    let before = set.find(id(3)).expect("it was offered");
    set.version.fetch_add(1, Relaxed);
    assert!(!before.is_unchanged() && set.find(id(3)).is_none());
    set.version.fetch_add(1, Relaxed);
    assert!(!before.is_unchanged() && has(set, 3));
    set.lock.store(1, Relaxed);
    offer(set, 9);
    offer(set, 9);
    assert!(!has(set, 9));
}

#[test]
fn what_is_read_beside_a_writer_is_of_one_block_or_dropped() {
    let memory = full();
    let set = memory.set();
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..20_000 {
                offer(set, 9 + round / 2 % 50);
            }
        });
        for round in 0..20_000 {
            let number = 1 + round % 58;
            if let Some(block) = set.find(id(number)) {
                let nodes = [0, 60, 125].map(|slot| block.node(slot));
                assert!(!block.is_unchanged() || nodes == [[number as u8; 32]; 3]);
            }
        }
    });
}
