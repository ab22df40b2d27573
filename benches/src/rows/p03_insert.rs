//! P3: one leaf at a time into a tree in memory.
//!
//! The limit is the hashes that these leaves need times the time of one, each waiting for the one below it. The tree goes
//! past it where it resumes the hash of a group that has grown by a child. What an insert costs must not grow with
//! the tree beyond its hashes, so the same is measured behind many leaves.

use std::hint::black_box;

use super::Row;
use crate::Outcome;
use crate::contender::{MemoryTree, Ours, Peer};
use crate::context::{Context, leaves, warm};
use crate::limits;
use crate::measure::{alternate, time, time_fallible};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p3",
    title: "P3: single inserts in memory (limit: the hashes needed, one after the other, by the blake3 crate)",
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
        ])
    })
}

fn into_empty<const N: usize>(context: &Context) -> Outcome<Line> {
    let leaves = leaves(0, LEAVES);
    let mut limit = || {
        Ok(time(|| {
            limits::chained_inserts::<N>(0, black_box(&leaves), limits::hash)
        }))
    };
    let [ours, peer, limit] = alternate(
        context.rounds(),
        [
            &mut || one_by_one::<Ours<N>>(&leaves),
            &mut || one_by_one::<Peer<N>>(&leaves),
            &mut limit,
        ],
    )?;
    let reached = ours.speedup_over(&limit).median;
    let line = Line::new(format!("N = {N}, 200 k into an empty tree")).samples(
        Unit::Rate,
        LEAVES as u64,
        &ours,
        Some(&peer),
        Some(&limit),
    );
    Ok(match N {
        2 => line.goal("0.8x of the limit", reached >= 0.8),
        _ => line.goal("past the limit", reached > 1.0),
    })
}

fn one_by_one<T: MemoryTree>(leaves: &[[u8; 32]]) -> Outcome<std::time::Duration> {
    let mut tree = T::empty();
    time_fallible(|| append::<T>(&mut tree, leaves))
}

fn append<T: MemoryTree>(tree: &mut T, leaves: &[[u8; 32]]) -> Outcome<[u8; 32]> {
    let mut root = [0; 32];
    for leaf in leaves {
        root = tree.insert(*leaf)?;
    }
    Ok(root)
}

/// Trees go on growing from round to round; all of them by the same.
fn behind<const N: usize>(context: &Context, size: usize) -> Outcome<Line> {
    let (before, more) = (leaves(0, size), leaves(size as u64, LEAVES));
    let mut ours = Ours::<N>::empty();
    ours.insert_many(&before)?;
    let mut peer = Peer::<N>::empty();
    peer.insert_many(&before)?;
    drop(before);
    let mut limit = || {
        let hashes = || limits::chained_inserts::<N>(size as u64, black_box(&more), limits::hash);
        Ok(time(hashes))
    };
    let [ours, peer, limit] = alternate(
        context.pick(3, 7),
        [
            &mut || time_fallible(|| append(&mut ours, &more)),
            &mut || time_fallible(|| append(&mut peer, &more)),
            &mut limit,
        ],
    )?;
    let reached = ours.speedup_over(&limit).median;
    let case = format!("N = {N}, 200 k behind {} M", size / 1_000_000);
    Ok(Line::new(case)
        .samples(Unit::Rate, LEAVES as u64, &ours, Some(&peer), Some(&limit))
        .goal("0.8x of the limit", reached >= 0.8))
}
