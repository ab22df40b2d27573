//! P9: checkpoints. The cost of a checkpoint follows the nodes that are new since the last one.
//! Inserts and flushes go on meanwhile.
//!
//! The limit is writing as many bytes into one file, synced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::row::Row;
use crate::contender::{DurableTree, OursDurable, PeerDurable, Settings};
use crate::context::{Context, leaf, leaves};
use crate::measure::{Spread, alternate, wall_time};
use crate::report::{Line, Unit, bytes, seconds};
use crate::{Outcome, disk, limits};

pub(super) const ROW: Row = Row {
    name: "p9",
    title: "P9: checkpoints, N = 4 (limit: writing the same bytes into one file, synced)",
    alone: false,
    run,
};

const LEAVES: usize = 1_000_000;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines = vec![first(context)?];
    lines.extend(later(context)?);
    lines.extend(meanwhile(context)?);
    Ok(lines)
}

fn durably<T: DurableTree>(tree: &T, leaves: &[[u8; 32]]) -> Outcome<()> {
    drop(tree.insert_many(leaves)?);
    tree.flush()
}

fn first(context: &Context) -> Outcome<Line> {
    let leaves = leaves(0, LEAVES);
    let length = checkpointed_bytes::<OursDurable<4>>(context, &leaves)?;
    let [ours, peer, limit] = alternate(
        context.pick(3, 9),
        [
            &mut || first_checkpoint::<OursDurable<4>>(context, &leaves),
            &mut || first_checkpoint::<PeerDurable<4>>(context, &leaves),
            &mut || {
                let folder = context.folder()?;
                wall_time(|| Ok(limits::write_durably(&folder.vacant(), length)?))
            },
        ],
    )?;
    let overhead = 1.0 / ours.speedup_over(&limit).median;
    let case = format!("the first, of {LEAVES} leaves, {}", bytes(length as f64));
    Ok(Line::new(case)
        .samples(Unit::Time, 1, &ours, Some(&peer), Some(&limit))
        .goal("<= 1.2x the limit's time", overhead <= 1.2))
}

fn first_checkpoint<T: DurableTree>(context: &Context, leaves: &[[u8; 32]]) -> Outcome<Duration> {
    let folder = context.folder()?;
    let tree = T::open(&folder.vacant(), Settings::MANUAL)?;
    durably(&tree, leaves)?;
    let took = wall_time(|| tree.checkpoint())?;
    tree.close()?;
    Ok(took)
}

/// Bytes of the store behind its first checkpoint, closed: the log that it covers is gone by then.
fn checkpointed_bytes<T: DurableTree>(context: &Context, leaves: &[[u8; 32]]) -> Outcome<u64> {
    let folder = context.folder()?;
    let tree = T::open(&folder.vacant(), Settings::MANUAL)?;
    durably(&tree, leaves)?;
    tree.checkpoint()?;
    tree.close()?;
    Ok(disk::length(folder.path())?)
}

/// A thousand leaves more, behind a million and behind many.
fn later(context: &Context) -> Outcome<Vec<Line>> {
    const MORE: usize = 1_000;
    let more = leaves(0, MORE);
    let mut lines = Vec::new();
    for millions in [1, context.pick(4, 16)] {
        let (our_folder, peer_folder) = (context.folder()?, context.folder()?);
        let ours = OursDurable::<4>::open(&our_folder.vacant(), Settings::MANUAL)?;
        let peer = PeerDurable::<4>::open(&peer_folder.vacant(), Settings::MANUAL)?;
        for block in 0..millions {
            let leaves = leaves(block * LEAVES as u64, LEAVES);
            durably(&ours, &leaves)?;
            durably(&peer, &leaves)?;
        }
        let [our_samples, peer_samples] = alternate(
            context.pick(5, 15),
            [&mut || next_checkpoint(&ours, &more), &mut || {
                next_checkpoint(&peer, &more)
            }],
        )?;
        ours.close()?;
        peer.close()?;
        let met = our_samples.per(1).median <= 2e-3;
        lines.push(
            Line::new(format!("of {MORE} more, behind {millions} M"))
                .samples(Unit::Time, 1, &our_samples, Some(&peer_samples), None)
                .goal("<= 2 ms", met),
        );
    }
    Ok(lines)
}

fn next_checkpoint<T: DurableTree>(tree: &T, more: &[[u8; 32]]) -> Outcome<Duration> {
    durably(tree, more)?;
    wall_time(|| tree.checkpoint())
}

/// The times of inserts and flushes during a checkpoint.
#[derive(Debug)]
struct Meanwhile {
    idle_flush: Spread,
    busy_flush: Spread,
    worst_insert: f64,
}

fn meanwhile(context: &Context) -> Outcome<[Line; 2]> {
    let blocks = context.pick(4, 8);
    let ours = beside_a_checkpoint::<OursDurable<4>>(context, blocks)?;
    let peer = beside_a_checkpoint::<PeerDurable<4>>(context, blocks)?;
    let flushes = |of: &Meanwhile| {
        format!(
            "{} (idle {})",
            seconds(of.busy_flush.median),
            seconds(of.idle_flush.median)
        )
    };
    let ratio = ours.busy_flush.median / ours.idle_flush.median;
    Ok([
        Line::new(format!(
            "the longest insert beside one of {blocks} M leaves"
        ))
        .ours(seconds(ours.worst_insert))
        .peer(seconds(peer.worst_insert))
        .versus_peer(peer.worst_insert / ours.worst_insert)
        .goal("<= 2 ms", ours.worst_insert <= 2e-3),
        Line::new("the median flush beside it")
            .ours(flushes(&ours))
            .peer(flushes(&peer))
            .versus_peer(peer.busy_flush.median / ours.busy_flush.median)
            .goal("<= 5x the idle median", ratio <= 5.0),
    ])
}

fn beside_a_checkpoint<T: DurableTree>(context: &Context, blocks: u64) -> Outcome<Meanwhile> {
    let folder = context.folder()?;
    let tree = T::open(&folder.vacant(), Settings::MANUAL)?;
    for block in 0..blocks {
        durably(&tree, &leaves(block * LEAVES as u64, LEAVES))?;
    }
    let mut idle = Vec::new();
    for number in 0..100 {
        idle.push(flush_one(&tree, number)?.1);
    }
    let done = AtomicBool::new(false);
    let (checkpoint, writer) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut inserts, mut flushes) = (Vec::new(), Vec::new());
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                let (insert, flush) = flush_one(&tree, number)?;
                inserts.push(insert);
                flushes.push(flush);
                number += 1;
            }
            Outcome::Ok((inserts, flushes))
        });
        let checkpoint = tree.checkpoint();
        done.store(true, Ordering::Relaxed);
        (checkpoint, writer.join())
    });
    checkpoint?;
    let (inserts, flushes) = writer.map_err(|_| "The inserting thread panicked.")??;
    tree.close()?;
    Ok(Meanwhile {
        idle_flush: Spread::of(idle),
        busy_flush: Spread::of(flushes),
        worst_insert: Spread::of(inserts).max,
    })
}

/// Inserts a leaf and flushes it: the seconds of each.
fn flush_one<T: DurableTree>(tree: &T, number: u64) -> Outcome<(f64, f64)> {
    let started = Instant::now();
    drop(tree.insert(leaf(number))?);
    let inserted = started.elapsed();
    tree.flush()?;
    let flushed = started.elapsed() - inserted;
    Ok((inserted.as_secs_f64(), flushed.as_secs_f64()))
}
