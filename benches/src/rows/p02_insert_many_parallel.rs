//! P2: batches into a tree in memory, on every processor, with memory recycled.
//!
//! The limit is the hashes of these batches, many at a time, in cache, on as many threads.

use std::time::Duration;

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::Hash;

use super::row::Row;
use crate::Outcome;
use crate::contender::{MemoryTree, Ours, Peer};
use crate::context::{Context, leaves, warm};
use crate::limits;
use crate::measure::{alternate, wall_time};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p2",
    title: "P2: insert_many in memory, 1 M leaves in one call, every processor, warm memory (limit: the hashes alone, in cache)",
    alone: false,
    run,
};

const LEAVES: usize = 1_000_000;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let leaves = leaves(0, LEAVES);
    warm(|| {
        Ok(vec![
            of::<2>(context, &leaves)?,
            of::<4>(context, &leaves)?,
            of::<8>(context, &leaves)?,
            of::<16>(context, &leaves)?,
        ])
    })
}

fn of<const N: usize>(context: &Context, leaves: &[Hash]) -> Outcome<Line> {
    let threads = rayon::current_num_threads();
    let [ours, peer, limit] = alternate(
        context.rounds(),
        [
            &mut || in_one_call::<Ours<N>>(leaves),
            &mut || in_one_call::<Peer<N>>(leaves),
            &mut || {
                let share = LEAVES / threads;
                wall_time(|| {
                    rayon::broadcast(|_| limits::batched_hashes::<_, N>(&Blake3Hasher, share));
                    Ok(())
                })
            },
        ],
    )?;
    let ratio = ours.speedup_over(&peer).median;
    Ok(Line::new(format!("N = {N}, {threads} threads"))
        .samples(
            Unit::Rate,
            leaves.len() as u64,
            &ours,
            Some(&peer),
            Some(&limit),
        )
        .goal(">= 2.5x the peer", ratio >= 2.5))
}

fn in_one_call<T: MemoryTree>(leaves: &[Hash]) -> Outcome<Duration> {
    let mut tree = T::empty();
    wall_time(|| tree.insert_many(leaves))
}
