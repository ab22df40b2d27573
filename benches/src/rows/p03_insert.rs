//! P3: one leaf at a time into a tree in memory.
//!
//! The limit is the time of the hashes that these leaves need, each waiting for the hash below it,
//! by our hasher or by the blake3 crate, whichever is faster. The hash of a group that has grown by
//! a child can be resumed, so the limit hashes its last block, and each block before it once.
//! The cost of an insert must not grow with the tree beyond its hashes, so the row also measures
//! inserts into large trees. The last line compares the two hashers: no tree gains more by one.

use std::hint::black_box;
use std::ops::RangeFrom;
use std::time::Duration;

use rotortree_lean_imt::Hash;

use super::row::Row;
use crate::Outcome;
use crate::contender::{MemoryTree, Ours, Peer};
use crate::context::{Context, leaves, warm};
use crate::limits::{self, HashOne};
use crate::measure::{Samples, alternate, time, time_fallible};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p3",
    title: "P3: single inserts in memory (limit: the hashes needed, one after the other)",
    alone: false,
    run,
};

const LEAVES: usize = 200_000;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    warm(|| {
        Ok(vec![
            into_empty::<2>(context)?,
            into_empty::<4>(context)?,
            into_empty::<8>(context)?,
            into_empty::<16>(context)?,
            behind::<2>(context, 1_000_000)?,
            behind::<2>(context, context.pick(4_000_000, 16_000_000))?,
            hashers(context)?,
        ])
    })
}

fn into_empty<const N: usize>(context: &Context) -> Outcome<Line> {
    let [our_hash, other_hash] = limits::HASHES;
    let leaves = leaves(0, LEAVES);
    let samples = alternate(
        context.rounds(),
        [
            &mut || one_by_one::<Ours<N>>(&leaves),
            &mut || one_by_one::<Peer<N>>(&leaves),
            &mut || bare::<N>(0, &leaves, our_hash),
            &mut || bare::<N>(0, &leaves, other_hash),
        ],
    )?;
    let case = format!("N = {N}, 200 k into an empty tree");
    Ok(line::<N>(case, &samples))
}

fn one_by_one<T: MemoryTree>(leaves: &[Hash]) -> Outcome<Duration> {
    let mut tree = T::empty();
    time_fallible(|| append::<T>(&mut tree, leaves))
}

fn append<T: MemoryTree>(tree: &mut T, leaves: &[Hash]) -> Outcome<Hash> {
    let mut root = [0; 32];
    for leaf in leaves {
        root = tree.insert(*leaf)?;
    }
    Ok(root)
}

/// All trees grow by the same number of leaves in every round, and so does the limit.
fn behind<const N: usize>(context: &Context, size: usize) -> Outcome<Line> {
    let [our_hash, other_hash] = limits::HASHES;
    let (before, more) = (leaves(0, size), leaves(size as u64, LEAVES));
    let mut ours = Ours::<N>::empty();
    ours.insert_many(&before)?;
    let mut peer = Peer::<N>::empty();
    peer.insert_many(&before)?;
    drop(before);
    let mut growing = size as u64..;
    let mut growing_too = growing.clone();
    let samples = alternate(
        context.pick(3, 7),
        [
            &mut || time_fallible(|| append(&mut ours, &more)),
            &mut || time_fallible(|| append(&mut peer, &more)),
            &mut || bare::<N>(step(&mut growing), &more, our_hash),
            &mut || bare::<N>(step(&mut growing_too), &more, other_hash),
        ],
    )?;
    let case = format!("N = {N}, 200 k behind {} M", size / 1_000_000);
    Ok(line::<N>(case, &samples))
}

/// The size before this round.
fn step(sizes: &mut RangeFrom<u64>) -> u64 {
    let size = sizes.start;
    sizes.start += LEAVES as u64;
    size
}

fn bare<const N: usize>(size: u64, leaves: &[Hash], hash: HashOne) -> Outcome<Duration> {
    Ok(time(|| {
        limits::chained_inserts::<N>(size, black_box(leaves), hash, true)
    }))
}

fn line<const N: usize>(case: String, samples: &[Samples; 4]) -> Line {
    let [ours, peer, limit, other_limit] = samples;
    let limit = limits::faster(limit, other_limit);
    let reached = ours.speedup_over(limit).median;
    Line::new(case)
        .samples(Unit::Rate, LEAVES as u64, ours, Some(peer), Some(limit))
        .goal("0.8x of the limit", reached >= 0.8)
}

/// The hashes of the inserts alone, by our hasher and by the blake3 crate, whose compression has
/// the rows of the state in vectors.
fn hashers(context: &Context) -> Outcome<Line> {
    let [our_hash, other_hash] = limits::HASHES;
    let leaves = leaves(0, LEAVES);
    let [ours, other] = alternate(
        context.rounds(),
        [&mut || bare::<2>(0, &leaves, our_hash), &mut || {
            bare::<2>(0, &leaves, other_hash)
        }],
    )?;
    let case = "N = 2, the hashes alone (limit: by the blake3 crate)";
    Ok(Line::new(case).samples(Unit::Rate, LEAVES as u64, &ours, None, Some(&other)))
}
