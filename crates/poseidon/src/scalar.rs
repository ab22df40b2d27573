//! One group after the other, in plain Rust.

use rotortree_hasher::Hash;

use crate::cache::Cache;
use crate::element::Element;
use crate::permutation;
use crate::schedule::Schedule;

static SCHEDULES: Cache<Element> = Cache::new();

/// The schedule for groups of `children`.
pub(crate) fn schedule(children: usize) -> &'static Schedule<Element> {
    SCHEDULES.get(children, Schedule::new)
}

/// The hash of numbers, which may be p or more.
pub(crate) fn hash_numbers(children: usize, child: impl Fn(usize) -> [u64; 4]) -> [u64; 4] {
    let hash = permutation::hash(schedule(children), |i, constant| {
        Element::new(child(i)) + *constant
    });
    Element::number(hash)
}
