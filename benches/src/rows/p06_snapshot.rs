//! P6: taking a snapshot, of trees of several sizes: it copies edge nodes, of which there is one
//! per level.

use std::hint::black_box;

use super::row::Row;
use crate::Outcome;
use crate::contender::{DurableTree, MemoryTree, Ours, OursDurable, Peer, PeerDurable, Settings};
use crate::context::{Context, leaves, warm};
use crate::measure::{alternate, time};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p6",
    title: "P6: taking a snapshot, N = 2",
    alone: false,
    run,
};

/// Snapshots in a round.
const TAKEN: u64 = 10_000;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    warm(|| {
        let large = context.pick(4_000_000, 16_000_000);
        Ok(vec![
            in_memory(context, 1_000)?,
            in_memory(context, 1_000_000)?,
            in_memory(context, large)?,
            durable(context, 1_000_000)?,
        ])
    })
}

fn in_memory(context: &Context, size: usize) -> Outcome<Line> {
    // One leaf less than round, so that levels have edge nodes.
    let leaves = leaves(0, size - 1);
    let mut ours = Ours::<2>::empty();
    ours.insert_many(&leaves)?;
    let mut peer = Peer::<2>::empty();
    peer.insert_many(&leaves)?;
    let [ours, peer] = alternate(
        context.rounds(),
        [&mut || Ok(time(|| taken(|| ours.snapshot()))), &mut || {
            Ok(time(|| taken(|| peer.snapshot())))
        }],
    )?;
    let met = ours.per(TAKEN).median <= 300e-9;
    Ok(Line::new(format!("in memory, {size} leaves"))
        .samples(Unit::Time, TAKEN, &ours, Some(&peer), None)
        .goal("<= 300 ns", met))
}

fn durable(context: &Context, size: usize) -> Outcome<Line> {
    let leaves = leaves(0, size - 1);
    let (our_folder, peer_folder) = (context.folder()?, context.folder()?);
    let ours = OursDurable::<2>::open(&our_folder.vacant(), Settings::MANUAL)?;
    ours.insert_many(&leaves)?;
    let peer = PeerDurable::<2>::open(&peer_folder.vacant(), Settings::MANUAL)?;
    peer.insert_many(&leaves)?;
    let [our_samples, peer_samples] = alternate(
        context.rounds(),
        [
            &mut || Ok(time(|| taken(|| ours.take_snapshot()))),
            &mut || Ok(time(|| taken(|| peer.take_snapshot()))),
        ],
    )?;
    ours.close()?;
    peer.close()?;
    let met = our_samples.per(TAKEN).median <= 50e-9;
    Ok(Line::new(format!("durable, {size} leaves"))
        .samples(Unit::Time, TAKEN, &our_samples, Some(&peer_samples), None)
        .goal("<= 50 ns", met))
}

fn taken<T>(snapshot: impl Fn() -> T) {
    for _ in 0..TAKEN {
        black_box(snapshot());
    }
}
