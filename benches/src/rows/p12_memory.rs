//! P12: memory of small trees, and of many durable ones that are idle.

use std::time::Duration;

use super::Row;
use crate::contender::{DurableTree, MemoryTree, Ours, OursDurable, Peer, PeerDurable, Settings};
use crate::context::{Context, leaves};
use crate::memory::counting::measure;
use crate::memory::process;
use crate::report::{Line, bytes};
use crate::{Outcome, disk};

pub(super) const ROW: Row = Row {
    name: "p12",
    title: "P12: memory of small trees, N = 2 (limit: 32 bytes for each node)",
    run,
};

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines = vec![in_memory(0)?, in_memory(1_000)?, in_memory(100_000)?];
    lines.extend(idle(context)?);
    Ok(lines)
}

fn in_memory(size: usize) -> Outcome<Line> {
    let leaves = leaves(0, size);
    let ours = heap_of::<Ours<2>>(&leaves)?;
    let peer = heap_of::<Peer<2>>(&leaves)?;
    let nodes: usize = (0..)
        .map(|level| size >> level)
        .take_while(|&nodes| nodes > 0)
        .sum();
    let line = Line::new(format!("in memory, {size} leaves"))
        .ours(bytes(ours))
        .peer(bytes(peer))
        .versus_peer(ours / peer);
    if nodes == 0 {
        return Ok(line.goal("<= 8 KiB", ours <= 8.0 * 1024.0));
    }
    let limit = nodes as f64 * 32.0;
    Ok(line
        .limit(bytes(limit))
        .versus_limit(ours / limit)
        .goal("<= 2x the nodes", ours <= 2.0 * limit))
}

/// Bytes of a tree with its heap. Leaves come one by one, as they do in a small tree.
fn heap_of<T: MemoryTree>(leaves: &[[u8; 32]]) -> Outcome<f64> {
    let (tree, usage) = measure(|| -> Outcome<T> {
        let mut tree = T::empty();
        for leaf in leaves {
            tree.insert(*leaf)?;
        }
        Ok(tree)
    });
    drop(tree?);
    Ok(usage.live as f64 + size_of::<T>() as f64)
}

/// Leaves of each idle tree.
const IDLE_LEAVES: usize = 100;

/// What one of many idle trees takes.
#[derive(Debug)]
struct Idle {
    heap: f64,
    anonymous: Option<f64>,
    disk: f64,
    threads: Option<f64>,
}

fn idle(context: &Context) -> Outcome<[Line; 3]> {
    let count = context.pick(500, 10_000);
    let ours = many::<OursDurable<2>>(context, count)?;
    // Its trees have threads of their own, of which the system allows only so many.
    let peer = many::<PeerDurable<2>>(context, count.min(1_000))?;
    let shown = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), bytes);
    let kibibyte = 1024.0;
    Ok([
        Line::new(format!(
            "memory of each of {count} idle durable trees of {IDLE_LEAVES} leaves"
        ))
        .ours(format!(
            "{} ({} of it heap)",
            shown(ours.anonymous),
            bytes(ours.heap)
        ))
        .peer(format!(
            "{} ({} of it heap)",
            shown(peer.anonymous),
            bytes(peer.heap)
        ))
        .versus_peer(ours.heap / peer.heap)
        .goal(
            "<= 16 KiB",
            ours.anonymous.unwrap_or(ours.heap) <= 16.0 * kibibyte,
        ),
        Line::new("disk of each")
            .ours(bytes(ours.disk))
            .peer(bytes(peer.disk))
            .versus_peer(ours.disk / peer.disk)
            .goal("<= 64 KiB", ours.disk <= 64.0 * kibibyte),
        Line::new("threads for each")
            .ours(
                ours.threads
                    .map_or("unknown".to_owned(), |n| format!("{n:.3}")),
            )
            .peer(
                peer.threads
                    .map_or("unknown".to_owned(), |n| format!("{n:.3}")),
            )
            .goal(
                "independent of the count",
                ours.threads
                    .is_some_and(|threads| threads * count as f64 <= 8.0),
            ),
    ])
}

fn many<T: DurableTree>(context: &Context, count: usize) -> Outcome<Idle> {
    let folder = context.folder()?;
    let leaves = leaves(0, IDLE_LEAVES);
    let me = std::process::id();
    let (anonymous, threads) = (process::anonymous(me), process::threads(me));
    let (trees, usage) = measure(|| -> Outcome<Vec<T>> {
        let mut trees = Vec::with_capacity(count);
        for number in 0..count {
            let path = folder.path().join(number.to_string());
            let tree = T::open(&path, Settings::FLUSHING)?;
            let token = tree.insert_many(&leaves)?;
            T::wait(&token)?;
            trees.push(tree);
        }
        // Long enough for background work to see that there is none.
        std::thread::sleep(Duration::from_millis(500));
        Ok(trees)
    });
    let trees = trees?;
    let per_tree = |before: Option<u64>, after: Option<u64>| {
        Some((after? as f64 - before? as f64) / count as f64)
    };
    let idle = Idle {
        heap: usage.live as f64 / count as f64,
        anonymous: per_tree(anonymous, process::anonymous(me)),
        threads: per_tree(threads, process::threads(me)),
        disk: disk::allocated(folder.path())? as f64 / count as f64,
    };
    for tree in trees {
        tree.close()?;
    }
    Ok(idle)
}
