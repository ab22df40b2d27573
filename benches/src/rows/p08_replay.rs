//! P8: opening a tree whose leaves are all in the log, in batches of a thousand and one by one, and
//! its memory beyond the tree's nodes.

use std::path::Path;
use std::time::Duration;

use super::row::Row;
use crate::Outcome;
use crate::contender::{DurableTree, OursDurable, PeerDurable, Settings};
use crate::context::{Context, Folder, leaves};
use crate::measure::{alternate, wall_time};
use crate::memory::counting::measure;
use crate::report::{Line, Unit, bytes};

pub(super) const ROW: Row = Row {
    name: "p8",
    title: "P8: opening by replaying the log, N = 4, nothing checkpointed",
    alone: false,
    run,
};

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let (time, memory) = replay(context, 1_000_000, 1_000)?;
    let (single, _) = replay(context, context.pick(100_000, 1_000_000), 1)?;
    Ok(vec![time, memory, single])
}

fn replay(context: &Context, size: usize, batch: usize) -> Outcome<(Line, Line)> {
    let ours = logged::<OursDurable<4>>(context, size, batch)?;
    let peer = logged::<PeerDurable<4>>(context, size, batch)?;
    let (our_path, peer_path) = (ours.vacant(), peer.vacant());
    let [our_samples, peer_samples] = alternate(
        context.pick(5, 15),
        [
            &mut || reopen::<OursDurable<4>>(&our_path, size),
            &mut || reopen::<PeerDurable<4>>(&peer_path, size),
        ],
    )?;
    let case = match batch {
        1 => format!("{size} records of one leaf"),
        _ => format!("{size} leaves in batches of {batch}"),
    };
    let time = Line::new(case).samples(Unit::Time, 1, &our_samples, Some(&peer_samples), None);
    let time = match batch {
        1 => time.goal(
            "no slower than the peer",
            our_samples.speedup_over(&peer_samples).median >= 1.0,
        ),
        _ => time.goal("<= 12 ms", our_samples.per(1).median <= 12e-3),
    };
    let our_excess = peak::<OursDurable<4>>(&our_path)? - nodes(size, ALLOCATED);
    let peer_excess = peak::<PeerDurable<4>>(&peer_path)? - nodes(size, usize::MAX);
    let memory = Line::new("the most memory meanwhile, beyond the nodes")
        .ours(bytes(our_excess))
        .peer(bytes(peer_excess))
        .goal("<= 8 MiB", our_excess <= (8 << 20) as f64);
    Ok((time, memory))
}

/// The most nodes of a level of ours that the allocator has. A level of more nodes is in segments
/// of full size, which are mappings of their own on Linux; the allocator does not count those.
const ALLOCATED: usize = if cfg!(target_os = "linux") {
    (1 << 16) / 2
} else {
    usize::MAX
};

/// Bytes of the nodes of a tree of `size` leaves, N = 4, on levels of at most `most` nodes.
fn nodes(size: usize, most: usize) -> f64 {
    let nodes: usize = (0..)
        .map(|level| size >> (2 * level))
        .take_while(|&nodes| nodes > 0)
        .filter(|&nodes| nodes <= most)
        .sum();
    nodes as f64 * 32.0
}

/// A closed tree whose leaves are in the log.
fn logged<T: DurableTree>(context: &Context, size: usize, batch: usize) -> Outcome<Folder> {
    let folder = context.folder()?;
    let tree = T::open(&folder.vacant(), Settings::MANUAL)?;
    for batch in leaves(0, size).chunks(batch) {
        match batch {
            [leaf] => drop(tree.insert(*leaf)?),
            _ => drop(tree.insert_many(batch)?),
        }
    }
    tree.close()?;
    Ok(folder)
}

fn reopen<T: DurableTree>(path: &Path, size: usize) -> Outcome<Duration> {
    let mut opened = None;
    let took = wall_time(|| {
        opened = Some(T::open(path, Settings::MANUAL)?);
        Ok(())
    })?;
    let tree = opened.ok_or("The tree did not open.")?;
    if tree.size() != size as u64 {
        return Err(format!("{} leaves instead of {size} came back.", tree.size()).into());
    }
    tree.close()?;
    Ok(took)
}

fn peak<T: DurableTree>(path: &Path) -> Outcome<f64> {
    let (tree, usage) = measure(|| T::open(path, Settings::MANUAL));
    tree?.close()?;
    Ok(usage.peak as f64)
}
