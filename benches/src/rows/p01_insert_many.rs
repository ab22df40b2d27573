//! P1: batches into a tree in memory, on one thread, with memory recycled and fresh.
//!
//! The limit is the hashes of these batches, many at a time, on data that never leaves the cache
//! and is stored nowhere.

use std::time::Duration;

use rotortree_lean_imt::Hash;

use super::row::Row;
use crate::Outcome;
use crate::contender::{MemoryTree, Ours, Peer};
use crate::context::{Context, fresh, leaves, on_one_thread, warm};
use crate::limits;
use crate::measure::{alternate, time, time_fallible};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p1",
    title: "P1: insert_many in memory, 1 M leaves, one thread (limit: the hashes alone, in cache)",
    alone: false,
    run,
};

const LEAVES: usize = 1_000_000;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    on_one_thread(|| {
        let leaves = leaves(0, LEAVES);
        let mut lines = Vec::new();
        for batch in [LEAVES, 1_000] {
            warm(|| each(context, "warm", &leaves, batch, &mut lines))?;
        }
        fresh(|| each(context, "fresh", &leaves, LEAVES, &mut lines))?;
        Ok(lines)
    })
}

fn each(
    context: &Context,
    memory: &str,
    leaves: &[Hash],
    batch: usize,
    lines: &mut Vec<Line>,
) -> Outcome<()> {
    lines.push(of::<2>(context, memory, leaves, batch)?);
    lines.push(of::<4>(context, memory, leaves, batch)?);
    lines.push(of::<8>(context, memory, leaves, batch)?);
    lines.push(of::<16>(context, memory, leaves, batch)?);
    Ok(())
}

fn of<const N: usize>(
    context: &Context,
    memory: &str,
    leaves: &[Hash],
    batch: usize,
) -> Outcome<Line> {
    let [ours, peer, limit] = alternate(
        context.rounds(),
        [
            &mut || batches::<Ours<N>>(leaves, batch),
            &mut || batches::<Peer<N>>(leaves, batch),
            &mut || Ok(time(|| limits::batched_hashes::<N>(LEAVES))),
        ],
    )?;
    let ratio = ours.speedup_over(&peer).median;
    let (goal, least) = match (memory, N) {
        ("warm", 2) => (">= 2x the peer", 2.0),
        _ => (">= 1.5x the peer", 1.5),
    };
    let calls = if batch == leaves.len() {
        "one call".to_owned()
    } else {
        format!("calls of {batch}")
    };
    Ok(Line::new(format!("N = {N}, {calls}, {memory} memory"))
        .samples(
            Unit::Rate,
            leaves.len() as u64,
            &ours,
            Some(&peer),
            Some(&limit),
        )
        .goal(goal, ratio >= least))
}

fn batches<T: MemoryTree>(leaves: &[Hash], batch: usize) -> Outcome<Duration> {
    let mut tree = T::empty();
    // The tree is dropped behind the clock: giving memory back is not inserting.
    time_fallible(|| {
        for batch in leaves.chunks(batch) {
            tree.insert_many(batch)?;
        }
        Ok(())
    })
}
