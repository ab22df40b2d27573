//! P4: one leaf at a time into a durable tree that flushes every 10 ms, on trees of several sizes.
//!
//! The limit is the same tree in memory: a record, a published snapshot and a token may cost a
//! fifth. Other threads flush, and their time is not counted. Separate lines show that flushing
//! keeps up and that tokens allocate nothing.

use std::time::Duration;

use rotortree_lean_imt::Hash;

use super::row::Row;
use crate::Outcome;
use crate::contender::{DurableTree, MemoryTree, Ours, OursDurable, PeerDurable, Settings};
use crate::context::{Context, leaves, warm};
use crate::measure::{alternate, time_fallible, wall_time};
use crate::memory::counting::measure;
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p4",
    title: "P4: single inserts into a durable tree, flushed every 10 ms (limit: our tree in memory)",
    alone: false,
    run,
};

/// Leaves in a round.
const LEAVES: usize = 100_000;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    warm(|| {
        let mut lines = vec![
            behind::<2>(context, 0)?,
            behind::<2>(context, 1_000_000)?,
            behind::<4>(context, 0)?,
            behind::<4>(context, 1_000_000)?,
            behind::<4>(context, context.pick(5_000_000, 50_000_000))?,
        ];
        lines.push(allocations(context)?);
        Ok(lines)
    })
}

fn behind<const N: usize>(context: &Context, size: usize) -> Outcome<Line> {
    let (our_folder, peer_folder) = (context.folder()?, context.folder()?);
    let ours = OursDurable::<N>::open(&our_folder.vacant(), Settings::FLUSHING)?;
    let peer = PeerDurable::<N>::open(&peer_folder.vacant(), Settings::FLUSHING)?;
    let mut memory = Ours::<N>::empty();
    fill(size, |leaves| {
        OursDurable::<N>::wait(&ours.insert_many(leaves)?)?;
        PeerDurable::<N>::wait(&peer.insert_many(leaves)?)?;
        memory.insert_many(leaves).map(drop)
    })?;
    // All go on growing, by the same leaves in every round.
    let more = leaves(size as u64, LEAVES);
    let [our_samples, peer_samples, memory_samples] = alternate(
        context.rounds(),
        [
            &mut || one_by_one(&ours, &more),
            &mut || one_by_one(&peer, &more),
            &mut || {
                time_fallible(|| {
                    more.iter()
                        .try_for_each(|leaf| memory.insert(*leaf).map(drop))
                })
            },
        ],
    )?;
    ours.close()?;
    peer.close()?;
    let reached = our_samples.speedup_over(&memory_samples).median;
    Ok(Line::new(format!("N = {N}, behind {size} leaves"))
        .samples(
            Unit::Rate,
            LEAVES as u64,
            &our_samples,
            Some(&peer_samples),
            Some(&memory_samples),
        )
        .goal("0.8x of the limit", reached >= 0.8))
}

/// Fills trees with `size` leaves, a million at a time.
fn fill(size: usize, mut append: impl FnMut(&[Hash]) -> Outcome<()>) -> Outcome<()> {
    const BLOCK: usize = 1_000_000;
    for first in (0..size).step_by(BLOCK) {
        append(&leaves(first as u64, BLOCK.min(size - first)))?;
    }
    Ok(())
}

/// Inserts, and waits behind the clock until all of it is on disk, so that rounds do not pile up.
fn one_by_one<T: DurableTree>(tree: &T, leaves: &[Hash]) -> Outcome<Duration> {
    let took = time_fallible(|| {
        leaves
            .iter()
            .try_for_each(|leaf| tree.insert(*leaf).map(drop))
    })?;
    tree.flush()?;
    Ok(took)
}

/// Allocations by an insert and its token, beyond those of the tree in memory: one snapshot
/// is published.
fn allocations(context: &Context) -> Outcome<Line> {
    let ours = allocations_of::<OursDurable<2>>(context)?;
    let peer = allocations_of::<PeerDurable<2>>(context)?;
    let show = |value: f64| format!("{value:.2}");
    Ok(
        Line::new("allocations by an insert, its snapshot and its token")
            .ours(show(ours))
            .peer(show(peer))
            .goal("<= 1, the snapshot", ours < 1.5),
    )
}

fn allocations_of<T: DurableTree>(context: &Context) -> Outcome<f64> {
    let folder = context.folder()?;
    let tree = T::open(&folder.vacant(), Settings::MANUAL)?;
    // Segments and buffers double at powers of two; at 1.5 times a power of two they do not.
    tree.insert_many(&leaves(0, 3 << 15))?;
    tree.flush()?;
    let more = leaves(1 << 20, 1_000);
    let (inserted, usage) = measure(|| {
        wall_time(|| {
            more.iter()
                .try_for_each(|leaf| tree.insert(*leaf).map(drop))
        })
    });
    inserted?;
    tree.close()?;
    Ok(usage.allocations as f64 / more.len() as f64)
}
