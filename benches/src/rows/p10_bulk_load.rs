//! P10 and P11: loading many leaves with checkpoints in the background, and reopening the tree.
//! Each contender has a process of its own, whose memory the system reports.

use std::time::Instant;

use super::row::{Row, Work};
use crate::child::{self, Done, Task, Who};
use crate::contender::{DurableTree, OursDurable, PeerDurable, Settings};
use crate::context::{Context, Folder, leaves};
use crate::limits::write_durably;
use crate::measure::{Spread, time_fallible};
use crate::report::{Line, bytes, rate, seconds, shown};
use crate::{Outcome, disk};

pub(super) const BULK_LOAD: Row = Row {
    name: "p10",
    title: "P10: loading blocks of 1 M leaves, each waited for, checkpoints at 256 MiB (limit: writing as many bytes, synced)",
    alone: false,
    run: bulk_load,
};

pub(super) const REOPEN: Row = Row {
    name: "p11",
    title: "P11: reopening a tree that was loaded so, files cached",
    alone: false,
    run: reopen,
};

const BLOCK: usize = 1_000_000;
const THRESHOLD: usize = 256 << 20;

const LOAD: &str = "load";
const OPEN: &str = "open";
const OPEN_AND_VERIFY: &str = "open-and-verify";

/// The work of a child.
pub(super) const WORK: Work = Work {
    tasks: &[
        "load-2",
        "load-4",
        "open-2",
        "open-4",
        "open-and-verify-2",
        "open-and-verify-4",
    ],
    run: |task| match (task.who, task.name.rsplit_once('-')) {
        (Who::Ours, Some((name, "2"))) => work_with::<OursDurable<2>>(name, task),
        (Who::Ours, Some((name, "4"))) => work_with::<OursDurable<4>>(name, task),
        (Who::Peer, Some((name, "2"))) => work_with::<PeerDurable<2>>(name, task),
        (Who::Peer, Some((name, "4"))) => work_with::<PeerDurable<4>>(name, task),
        _ => Err(format!("There is no task `{}`.", task.name).into()),
    },
};

/// The arities that are measured.
const ARITIES: [usize; 2] = [2, 4];

fn work_with<T: DurableTree>(name: &str, task: &Task) -> Outcome<Vec<f64>> {
    let settings = Settings {
        checkpoint: Some(THRESHOLD),
        verify: name == OPEN_AND_VERIFY,
        ..Settings::FLUSHING
    };
    let started = Instant::now();
    let tree = T::open(&task.path, settings)?;
    let opened = started.elapsed().as_secs_f64();
    match name {
        LOAD => {
            let mut seconds = Vec::new();
            for block in 0..task.count {
                let leaves = leaves(block * BLOCK as u64, BLOCK);
                let started = Instant::now();
                T::wait(&tree.insert_many(&leaves)?)?;
                seconds.push(started.elapsed().as_secs_f64());
            }
            // Opening would replay the leaves after the last checkpoint.
            tree.checkpoint()?;
            tree.close()?;
            Ok(seconds)
        }
        OPEN | OPEN_AND_VERIFY if tree.size() == task.count * BLOCK as u64 => {
            tree.close()?;
            Ok(vec![opened])
        }
        OPEN | OPEN_AND_VERIFY => Err(format!("The tree has {} leaves.", tree.size()).into()),
        other => Err(format!("There is no task `{other}`.").into()),
    }
}

fn bulk_load(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for arity in ARITIES {
        for &blocks in context.pick(&[10][..], &[50, 200]) {
            lines.extend(loads(context, arity, blocks)?);
        }
    }
    Ok(lines)
}

fn loads(context: &Context, arity: usize, blocks: u64) -> Outcome<[Line; 3]> {
    // One after the other, so that the disk has to hold one of them alone.
    let (folder, ours) = loaded(context, arity, blocks, Who::Ours)?;
    let length = disk::length(folder.path())?;
    drop(folder);
    let (_, peer) = loaded(context, arity, blocks, Who::Peer)?;
    let folder = context.folder()?;
    let bare = time_fallible(|| Ok(write_durably(&folder.vacant(), length)?))?;
    let bare = (blocks * BLOCK as u64) as f64 / bare.as_secs_f64();
    let total = |done: &Done| done.numbers.iter().sum::<f64>();
    let leaves_in = |done: &Done| (blocks * BLOCK as u64) as f64 / total(done);
    let worst = |done: &Done| Spread::of(done.numbers.iter().copied()).max;
    let shown_memory = |done: &Done| done.anonymous.map_or("unknown".to_owned(), bytes);
    let block_bytes = (BLOCK * 32) as f64;
    let most_memory = 1.5 * THRESHOLD as f64 + block_bytes;
    let median = |done: &Done| {
        let blocks = Spread::of(done.numbers.iter().copied());
        format!(
            "{} (median {})",
            seconds(blocks.max),
            seconds(blocks.median)
        )
    };
    let case = |what: &str| format!("N = {arity}, {blocks} M leaves{what}");
    Ok([
        Line::new(case(""))
            .ours(rate(leaves_in(&ours)))
            .peer(rate(leaves_in(&peer)))
            .versus_peer(leaves_in(&ours) / leaves_in(&peer))
            .limit(rate(bare))
            .versus_limit(leaves_in(&ours) / bare)
            .goal(">= 3x the peer", leaves_in(&ours) >= 3.0 * leaves_in(&peer)),
        Line::new(case(": the slowest block"))
            .ours(median(&ours))
            .peer(median(&peer))
            .versus_peer(worst(&peer) / worst(&ours))
            .goal("<= 5x the median", {
                let blocks = Spread::of(ours.numbers.iter().copied());
                blocks.max <= 5.0 * blocks.median
            }),
        Line::new(case(": the most anonymous memory"))
            .ours(shown_memory(&ours))
            .peer(shown_memory(&peer))
            .goal(
                "<= 1.5x the threshold and a block",
                ours.anonymous.is_some_and(|memory| memory <= most_memory),
            ),
    ])
}

/// Loads a contender's tree and keeps its folder.
fn loaded(context: &Context, arity: usize, blocks: u64, who: Who) -> Outcome<(Folder, Done)> {
    let folder = context.folder()?;
    let done = child::run(&task(LOAD, arity, who, &folder, blocks))?;
    Ok((folder, done))
}

fn task(name: &str, arity: usize, who: Who, folder: &Folder, count: u64) -> Task {
    Task {
        name: format!("{name}-{arity}"),
        who,
        path: folder.vacant(),
        count,
    }
}

fn reopen(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for arity in ARITIES {
        for blocks in [1, context.pick(10, 50)] {
            let load = |who| loaded(context, arity, blocks, who).map(|(folder, _)| folder);
            let folders = [load(Who::Ours)?, load(Who::Peer)?];
            for name in [OPEN, OPEN_AND_VERIFY] {
                lines.push(opened(context, name, arity, blocks, &folders)?);
            }
        }
    }
    Ok(lines)
}

fn opened(
    context: &Context,
    name: &str,
    arity: usize,
    blocks: u64,
    [ours, peer]: &[Folder; 2],
) -> Outcome<Line> {
    let rounds = match name {
        OPEN => context.pick(5, 15),
        _ => context.pick(2, 3),
    };
    let (mut our_rounds, mut peer_rounds) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        our_rounds.push(child::run(&task(name, arity, Who::Ours, ours, blocks))?);
        peer_rounds.push(child::run(&task(name, arity, Who::Peer, peer, blocks))?);
    }
    let time = |rounds: &[Done]| Spread::of(rounds.iter().flat_map(|done| done.numbers.clone()));
    let memory = |rounds: &[Done]| Spread::of(rounds.iter().filter_map(|done| done.anonymous)).max;
    let show = |rounds: &[Done]| {
        format!(
            "{}, {} anonymous",
            shown(time(rounds), seconds),
            bytes(memory(rounds))
        )
    };
    let ours_took = time(&our_rounds).median;
    let verify = name == OPEN_AND_VERIFY;
    let case = format!(
        "N = {arity}, {blocks} M leaves, {}, {} on disk",
        if verify { "verified" } else { "not verified" },
        bytes(disk::length(ours.path())? as f64),
    );
    let line = Line::new(case)
        .ours(show(&our_rounds))
        .peer(show(&peer_rounds))
        .versus_peer(time(&peer_rounds).median / ours_took);
    Ok(if verify {
        let met = ours_took <= 1.2 && memory(&our_rounds) <= (64 << 20) as f64;
        line.goal("<= 1.2 s for 50 M, <= 64 MiB", met)
    } else {
        line.goal("<= 0.3 ms", ours_took <= 3e-4)
    })
}
