//! P2: batches into a tree in memory, on every processor, with memory recycled.
//!
//! The limit is the hashes of these batches, many at a time, in cache, on as many threads. Beside
//! it is a bound that is nearer: as many leaves hashed and all nodes stored, with no tree around.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::Hash;

use super::row::Row;
use crate::Outcome;
use crate::bare_append::BareAppend;
use crate::contender::{MemoryTree, Ours, Peer};
use crate::context::{Context, leaves, warm};
use crate::limits;
use crate::measure::{alternate, wall_time};
use crate::report::{Line, Unit, times};

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
        let mut lines = Vec::new();
        lines.extend(of::<2>(context, &leaves)?);
        lines.extend(of::<4>(context, &leaves)?);
        lines.extend(of::<8>(context, &leaves)?);
        lines.extend(of::<16>(context, &leaves)?);
        Ok(lines)
    })
}

fn of<const N: usize>(context: &Context, leaves: &[Hash]) -> Outcome<[Line; 2]> {
    let threads = rayon::current_num_threads();
    let share = LEAVES / threads;
    let each: Vec<_> = (0..threads)
        .map(|_| BareAppend::<N>::new(share).map(Mutex::new))
        .collect::<Result<_, _>>()?;
    let [ours, peer, bare, limit] = alternate(
        context.rounds(),
        [
            &mut || in_one_call::<Ours<N>>(leaves),
            &mut || in_one_call::<Peer<N>>(leaves),
            &mut || {
                wall_time(|| {
                    rayon::broadcast(|thread| {
                        let bare = each[thread.index()].lock();
                        let mut bare = bare.unwrap_or_else(PoisonError::into_inner);
                        bare.clear();
                        let own = &leaves[thread.index() * share..][..share];
                        black_box(bare.append(&Blake3Hasher, own));
                    });
                    Ok(())
                })
            },
            &mut || {
                wall_time(|| {
                    rayon::broadcast(|_| limits::batched_hashes::<_, N>(&Blake3Hasher, share));
                    Ok(())
                })
            },
        ],
    )?;
    let ratio = ours.speedup_over(&peer).median;
    let operations = leaves.len() as u64;
    let of_limit = times(bare.speedup_over(&limit).median);
    Ok([
        Line::new(format!("N = {N}, {threads} threads"))
            .samples(Unit::Rate, operations, &ours, Some(&peer), Some(&limit))
            .goal(">= 2.5x the peer", ratio >= 2.5),
        Line::new(format!(
            "N = {N}, {threads} threads (limit: these hashes and stores, {of_limit} of the hashes alone)"
        ))
        .samples(Unit::Rate, operations, &ours, None, Some(&bare)),
    ])
}

fn in_one_call<T: MemoryTree>(leaves: &[Hash]) -> Outcome<Duration> {
    let mut tree = T::empty();
    wall_time(|| tree.insert_many(leaves))
}
