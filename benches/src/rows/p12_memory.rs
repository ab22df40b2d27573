//! P12: memory of small trees, and of many durable ones that are idle.

use std::time::Duration;

use super::row::{Row, Work};
use crate::child::{self, Task, Who};
use crate::contender::{DurableTree, MemoryTree, Ours, OursDurable, Peer, PeerDurable, Settings};
use crate::context::{Context, leaves};
use crate::memory::counting::measure;
use crate::memory::process;
use crate::report::{Line, bytes};
use crate::{Outcome, disk};

pub(super) const ROW: Row = Row {
    name: "p12",
    title: "P12: memory of small trees, N = 2 (limit: 32 bytes for each node)",
    alone: false,
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
const IDLE: &str = "idle";

/// The work of a child.
pub(super) const WORK: Work = Work {
    tasks: &[IDLE],
    run: |task| match task.who {
        Who::Ours => many::<OursDurable<2>>(task),
        Who::Peer => many::<PeerDurable<2>>(task),
    },
};

/// The memory of one of many idle trees.
#[derive(Debug)]
struct Idle {
    heap: f64,
    anonymous: Option<f64>,
    disk: f64,
    threads: Option<f64>,
}

fn idle(context: &Context) -> Outcome<[Line; 3]> {
    let wanted = context.pick(500, 10_000);
    // An open tree has two files open, and the process a few of its own.
    let allowed = process::open_files().map_or(u64::MAX, |files| files.saturating_sub(64) / 2);
    let count = wanted.min(allowed);
    let ours = idle_in_a_child(context, Who::Ours, count)?;
    // Its trees have threads of their own, of which the system allows only so many.
    let peer = idle_in_a_child(context, Who::Peer, count.min(1_000))?;
    let asked = if count < wanted {
        format!("{count} (of {wanted}; more files cannot be open)")
    } else {
        count.to_string()
    };
    let shown = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), bytes);
    let kibibyte = 1024.0;
    Ok([
        Line::new(format!(
            "memory of each of {asked} idle durable trees of {IDLE_LEAVES} leaves"
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

/// Measures in a process of its own, so that only the trees count.
fn idle_in_a_child(context: &Context, who: Who, count: u64) -> Outcome<Idle> {
    let folder = context.folder()?;
    let done = child::run(&Task {
        name: IDLE.to_owned(),
        who,
        path: folder.path().to_owned(),
        count,
    })?;
    let known = |value: f64| (!value.is_nan()).then_some(value);
    match done.numbers[..] {
        [heap, anonymous, disk, threads] => Ok(Idle {
            heap,
            anonymous: known(anonymous),
            disk,
            threads: known(threads),
        }),
        _ => Err("The child tells something else.".into()),
    }
}

fn many<T: DurableTree>(task: &Task) -> Outcome<Vec<f64>> {
    let leaves = leaves(0, IDLE_LEAVES);
    let me = std::process::id();
    let open = |name: &str| -> Outcome<T> {
        let tree = T::open(&task.path.join(name), Settings::FLUSHING)?;
        T::wait(&tree.insert_many(&leaves)?)?;
        Ok(tree)
    };
    // The first tree also loads code and starts threads, which do not belong to a tree.
    let first = open("first")?;
    let (anonymous, threads) = (process::anonymous(me), process::threads(me));
    let disk = disk::allocated(&task.path)?;
    let (trees, usage) = measure(|| -> Outcome<Vec<T>> {
        let trees = (0..task.count)
            .map(|number| open(&number.to_string()))
            .collect::<Outcome<_>>()?;
        // Long enough for background work to see that there is none.
        std::thread::sleep(Duration::from_millis(500));
        Ok(trees)
    });
    let trees = trees?;
    let each = |before: u64, after: u64| (after as f64 - before as f64) / task.count as f64;
    let known = |before: Option<u64>, after: Option<u64>| match (before, after) {
        (Some(before), Some(after)) => each(before, after),
        _ => f64::NAN,
    };
    let numbers = vec![
        usage.live as f64 / task.count as f64,
        known(anonymous, process::anonymous(me)),
        each(disk, disk::allocated(&task.path)?),
        known(threads, process::threads(me)),
    ];
    for tree in trees.into_iter().chain([first]) {
        tree.close()?;
    }
    Ok(numbers)
}
