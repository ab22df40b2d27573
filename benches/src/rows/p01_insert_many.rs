//! P1: batches into a tree in memory, on one thread, with memory recycled and fresh.
//!
//! The limit is the hashes of these batches, many at a time, on data that never leaves the cache
//! and is stored nowhere. Beside it is a bound that is nearer: the hashes of the same calls and the
//! stores of their nodes, with no tree around them.

use std::hint::black_box;
use std::time::Duration;

use rotortree_hasher::{Blake3Hasher, Hasher, Rfc6962Hasher, Sha256Hasher};
use rotortree_lean_imt::{Hash, LeanIMT};

use super::row::Row;
use crate::Outcome;
use crate::bare_append::BareAppend;
use crate::contender::{MemoryTree, Ours, Peer};
use crate::context::{Context, MAX_DEPTH, fresh, leaves, on_one_thread, warm};
use crate::limits;
use crate::measure::{alternate, time, time_fallible};
use crate::report::{Line, Unit, times};

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
            lines.push(warm(|| {
                pairs(context, "SHA-256", &Sha256Hasher, &leaves, batch)
            })?);
            lines.push(warm(|| {
                pairs(context, "RFC 6962", &Rfc6962Hasher, &leaves, batch)
            })?);
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
    lines.extend(of::<2>(context, memory, leaves, batch)?);
    lines.extend(of::<4>(context, memory, leaves, batch)?);
    lines.extend(of::<8>(context, memory, leaves, batch)?);
    lines.extend(of::<16>(context, memory, leaves, batch)?);
    Ok(())
}

fn of<const N: usize>(
    context: &Context,
    memory: &str,
    leaves: &[Hash],
    batch: usize,
) -> Outcome<[Line; 2]> {
    let mut bare = BareAppend::<N>::new(leaves.len())?;
    let [ours, peer, bare, limit] = alternate(
        context.rounds(),
        [
            &mut || batches::<Ours<N>>(leaves, batch),
            &mut || batches::<Peer<N>>(leaves, batch),
            &mut || {
                bare.clear();
                Ok(time(|| {
                    for batch in leaves.chunks(batch) {
                        black_box(bare.append(&Blake3Hasher, batch));
                    }
                }))
            },
            &mut || {
                Ok(time(|| {
                    limits::batched_hashes::<_, N>(&Blake3Hasher, LEAVES)
                }))
            },
        ],
    )?;
    let ratio = ours.speedup_over(&peer).median;
    let (goal, least) = match (memory, N) {
        ("warm", 2) => (">= 2x the peer", 2.0),
        _ => (">= 1.5x the peer", 1.5),
    };
    let calls = calls(leaves, batch);
    let operations = leaves.len() as u64;
    let share = times(bare.speedup_over(&limit).median);
    Ok([
        Line::new(format!("N = {N}, {calls}, {memory} memory"))
            .samples(Unit::Rate, operations, &ours, Some(&peer), Some(&limit))
            .goal(goal, ratio >= least),
        Line::new(format!(
            "N = {N}, {calls}, {memory} memory (limit: these hashes and stores, {share} of the hashes alone)"
        ))
        .samples(Unit::Rate, operations, &ours, None, Some(&bare)),
    ])
}

fn calls(leaves: &[Hash], batch: usize) -> String {
    if batch == leaves.len() {
        "one call".to_owned()
    } else {
        format!("calls of {batch}")
    }
}

/// Our tree of pairs with a hasher that the peer does not have.
fn pairs<H: Hasher>(
    context: &Context,
    name: &str,
    hasher: &H,
    leaves: &[Hash],
    batch: usize,
) -> Outcome<Line> {
    let [ours, limit] = alternate(
        context.rounds(),
        [
            &mut || {
                let mut tree = LeanIMT::<_, 2, MAX_DEPTH>::new(hasher.clone());
                time_fallible(|| {
                    for batch in leaves.chunks(batch) {
                        tree.insert_many(batch)?;
                    }
                    Ok(())
                })
            },
            &mut || Ok(time(|| limits::batched_hashes::<_, 2>(hasher, LEAVES))),
        ],
    )?;
    let least = if batch == leaves.len() { 0.7 } else { 0.6 };
    let share = ours.speedup_over(&limit).median;
    let calls = calls(leaves, batch);
    Ok(Line::new(format!("{name}, N = 2, {calls}, warm memory"))
        .samples(Unit::Rate, leaves.len() as u64, &ours, None, Some(&limit))
        .goal(&format!("{least} of the limit"), share >= least))
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
