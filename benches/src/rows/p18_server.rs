//! P18: the server on a loopback address, asked by `wrk` with 64 connections: proofs beside a
//! constant of the same size from the same server, durable appends beside 64 threads on the
//! library, and the slowest answers while clients are slow and checkpoints run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rotortree::{Blake3Hasher, CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeConfig};

use super::row::Row;
use crate::context::{Context, Folder, MAX_DEPTH, leaf, leaves};
use crate::measure::{Samples, Spread, alternate};
use crate::report::{Line, Unit, seconds};
use crate::served::{Served, SlowClients, Wrk};
use crate::{Failure, Outcome};

pub(super) const ROW: Row = Row {
    name: "p18",
    title: "P18: the server, 64 connections of wrk on loopback, N = 2 (limit: named in each line)",
    alone: false,
    run,
};

/// Connections, and threads of the library.
const CLIENTS: usize = 64;
/// Leaves that proofs are asked for.
const LEAVES: usize = 1 << 16;
/// Samples are the times of so many answers.
const ANSWERS: u64 = 1000;

type Tree = RotorTree<Blake3Hasher, 2, MAX_DEPTH>;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    if !Wrk::is_installed() {
        return Ok(vec![Line::new("needs wrk: `apt-get install wrk`")]);
    }
    let lasts = Duration::from_secs(context.pick(1, 2));
    let rounds = context.pick(3, 7);
    Ok(vec![
        proofs(context, rounds, lasts)?,
        appends(context, rounds, lasts)?,
        slowest(context, "proofs", lasts, |served, lasts| {
            served.proofs(lasts, LEAVES)
        })?,
        slowest(context, "durable appends", lasts, |served, lasts| {
            served.appends(lasts)
        })?,
    ])
}

fn open(context: &Context) -> Outcome<(Folder, Tree)> {
    let folder = context.folder()?;
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(64 << 20),
        ..RotorTreeConfig::new(folder.vacant())
    };
    let tree = Tree::open(Blake3Hasher, config)?;
    tree.insert_many_durable(&leaves(0, LEAVES))?;
    Ok((folder, tree))
}

/// The time of [`ANSWERS`] answers at a rate a second.
fn time_at(rate: f64) -> Duration {
    Duration::from_secs_f64(ANSWERS as f64 / rate)
}

fn proofs(context: &Context, rounds: usize, lasts: Duration) -> Outcome<Line> {
    let (_folder, tree) = open(context)?;
    let served = Served::start(Arc::new(tree.clone()))?;
    let [proofs, constant] = alternate(
        rounds,
        [
            &mut || Ok(time_at(served.proofs(lasts, LEAVES)?.rate)),
            &mut || Ok(time_at(served.constants(lasts, LEAVES)?.rate)),
        ],
    )?;
    served.stop()?;
    tree.close()?;
    let ratio = proofs.speedup_over(&constant).median;
    Ok(
        Line::new("proofs (limit: a constant of the same size from the same server)")
            .samples(Unit::Rate, ANSWERS, &proofs, None, Some(&constant))
            .goal(">= 0.65x the constant", ratio >= 0.65),
    )
}

fn appends(context: &Context, rounds: usize, lasts: Duration) -> Outcome<Line> {
    let (_folder, tree) = open(context)?;
    let served = Served::start(Arc::new(tree.clone()))?;
    let [appends, library] = alternate(
        rounds,
        [
            &mut || Ok(time_at(served.appends(lasts)?.rate)),
            &mut || library(&tree, lasts),
        ],
    )?;
    served.stop()?;
    tree.close()?;
    let ratio = appends.speedup_over(&library).median;
    Ok(
        Line::new("durable appends of one leaf (limit: 64 threads on the library)")
            .samples(Unit::Rate, ANSWERS, &appends, None, Some(&library))
            .goal(">= 0.7x the library", ratio >= 0.7),
    )
}

/// Durable inserts by as many threads as there are connections.
fn library(tree: &Tree, lasts: Duration) -> Outcome<Duration> {
    let begun = Instant::now();
    let insert = || -> Outcome<u64> {
        let mut count = 0;
        while begun.elapsed() < lasts {
            tree.insert_durable(leaf(count))?;
            count += 1;
        }
        Ok(count)
    };
    let total: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(insert)).collect();
        let counts = threads.into_iter().map(|thread| {
            thread
                .join()
                .map_err(|_| Failure::from("A thread that inserts panicked."))?
        });
        counts.sum::<Outcome<u64>>()
    })?;
    Ok(time_at(total as f64 / begun.elapsed().as_secs_f64()))
}

/// The median and the slowest hundredth of answers, while checkpoints run one after the other and
/// slow clients hold connections.
fn slowest(
    context: &Context,
    what: &str,
    lasts: Duration,
    ask: impl Fn(&Served, Duration) -> Outcome<Wrk>,
) -> Outcome<Line> {
    let (_folder, tree) = open(context)?;
    let served = Served::start(Arc::new(tree.clone()))?;
    let slow = SlowClients::start(&served)?;
    let is_over = AtomicBool::new(false);
    let mut answers = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            // Each checkpoint has something to write, for as long as it takes.
            let mut next = LEAVES as u64;
            while !is_over.load(Ordering::Relaxed) {
                let more = leaves(next, 2000);
                next += 2000;
                if tree.insert_many(&more).is_err() || tree.checkpoint().is_err() {
                    break;
                }
            }
        });
        let asked = (0..5).try_for_each(|_| {
            answers.push(ask(&served, lasts)?);
            Ok::<_, Failure>(())
        });
        is_over.store(true, Ordering::Relaxed);
        asked
    })?;
    let checkpoints = tree.stats().checkpoints;
    let held = slow.stop();
    served.stop()?;
    tree.close()?;
    let spread = |time: fn(&Wrk) -> Duration| {
        let times = answers.iter().map(time);
        let samples = Samples::of(times.map(|time| time.as_secs_f64()).collect());
        samples.per(1)
    };
    let (median, late) = (spread(|wrk| wrk.median), spread(|wrk| wrk.p99));
    let ratio = Spread::of(
        answers
            .iter()
            .map(|wrk| wrk.p99.as_secs_f64() / wrk.median.as_secs_f64()),
    );
    let case = format!(
        "{what}, p99 (limit: the median), {held} slow clients, {checkpoints} checkpoints meanwhile"
    );
    Ok(Line::new(case)
        .ours(seconds(late.median))
        .limit(seconds(median.median))
        .versus_limit(ratio.median)
        .goal("p99 <= 3x the median", ratio.median <= 3.0))
}
