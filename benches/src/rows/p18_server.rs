//! P18: the server on a loopback address, asked by `wrk` with 64 connections: proofs beside a
//! constant of the same size from the same server, durable appends beside 64 threads on the
//! library, and the slowest answers while clients are slow and checkpoints run.

use std::cell::Cell;
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
    let mut lines = vec![proofs(context, rounds, lasts)?];
    lines.extend(appends(context, rounds, lasts)?);
    let proofs = |served: &Served, lasts| served.proofs(lasts, LEAVES);
    let constants = |served: &Served, lasts| served.constants(lasts, LEAVES);
    let appends = |served: &Served, lasts| served.appends(lasts);
    lines.extend([
        slowest(context, "proofs", Beside::Nothing, lasts, proofs)?,
        slowest(context, "proofs", Beside::LargeCheckpoint, lasts, proofs)?,
        slowest(context, "proofs", Beside::Checkpoints, lasts, proofs)?,
        slowest(context, "a constant", Beside::Checkpoints, lasts, constants)?,
        slowest(
            context,
            "durable appends",
            Beside::Checkpoints,
            lasts,
            appends,
        )?,
    ]);
    Ok(lines)
}

fn open(context: &Context) -> Outcome<(Folder, Tree)> {
    let folder = context.folder()?;
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Manual,
        // By hand, so that each stands beside the requests that it is for.
        checkpoint_policy: CheckpointPolicy::Manual,
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

/// Entries and syncs of the rounds of a contender.
#[derive(Default)]
struct Shared(Cell<(u64, u64)>);

impl Shared {
    /// A round, whose entries have one leaf each.
    fn round<T>(&self, tree: &Tree, round: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let before = tree.stats();
        let outcome = round()?;
        let after = tree.stats();
        let (entries, syncs) = self.0.get();
        self.0.set((
            entries + (after.synced_leaves - before.synced_leaves),
            syncs + (after.syncs - before.syncs),
        ));
        Ok(outcome)
    }

    /// Entries that shared a sync, in the mean.
    fn mean(&self) -> f64 {
        let (entries, syncs) = self.0.get();
        entries as f64 / syncs.max(1) as f64
    }
}

fn appends(context: &Context, rounds: usize, lasts: Duration) -> Outcome<Vec<Line>> {
    let (_folder, tree) = open(context)?;
    let served = Served::start(Arc::new(tree.clone()))?;
    let (by_server, by_library) = (Shared::default(), Shared::default());
    let [appends, library, posts] = alternate(
        rounds,
        [
            &mut || by_server.round(&tree, || Ok(time_at(served.appends(lasts)?.rate))),
            &mut || by_library.round(&tree, || library(&tree, lasts)),
            &mut || Ok(time_at(served.posts(lasts)?.rate)),
        ],
    )?;
    served.stop()?;
    tree.close()?;
    let ratio = appends.speedup_over(&library).median;
    let case = format!(
        "durable appends of one leaf, {:.1} a sync (limit: 64 threads on the library, {:.1} a sync)",
        by_server.mean(),
        by_library.mean()
    );
    Ok(vec![
        Line::new(case)
            .samples(Unit::Rate, ANSWERS, &appends, None, Some(&library))
            .goal(">= 0.7x the library", ratio >= 0.7),
        Line::new("the same (limit: a POST of the same size that waits for nothing)").samples(
            Unit::Rate,
            ANSWERS,
            &appends,
            None,
            Some(&posts),
        ),
        Line::new("the same (limit: that POST, and then an insert of the library)").samples(
            Unit::Rate,
            ANSWERS,
            &appends,
            None,
            Some(&posts.and(&library)),
        ),
        Line::new("that POST (limit: 64 threads on the library)").samples(
            Unit::Rate,
            ANSWERS,
            &posts,
            None,
            Some(&library),
        ),
    ])
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

/// What runs beside the requests.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    Nothing,
    /// Checkpoints of few leaves, one behind the other.
    Checkpoints,
    /// A checkpoint of 128 MiB of nodes, beside each run of requests.
    LargeCheckpoint,
}

impl Beside {
    /// Leaves of a checkpoint.
    const fn leaves(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Checkpoints => 2000,
            Self::LargeCheckpoint => 1 << 21,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Checkpoints => " of 2000 leaves, one behind the other",
            Self::LargeCheckpoint => " of 2 M leaves",
        }
    }

    /// Runs until `is_over`. Each checkpoint has something to write, for as long as it takes.
    fn run(self, tree: &Tree, is_over: &AtomicBool) -> Outcome<()> {
        while self == Self::Checkpoints && !is_over.load(Ordering::Relaxed) {
            tree.insert_many(&leaves(tree.size(), self.leaves()))?;
            tree.checkpoint()?;
        }
        if self == Self::LargeCheckpoint {
            tree.checkpoint()?;
        }
        Ok(())
    }
}

/// The median and the slowest hundredth of answers, while slow clients hold connections.
fn slowest(
    context: &Context,
    what: &str,
    beside: Beside,
    lasts: Duration,
    ask: impl Fn(&Served, Duration) -> Outcome<Wrk>,
) -> Outcome<Line> {
    let (_folder, tree) = open(context)?;
    let served = Served::start(Arc::new(tree.clone()))?;
    let slow = SlowClients::start(&served)?;
    let mut answers = Vec::new();
    for _ in 0..5 {
        if beside == Beside::LargeCheckpoint {
            tree.insert_many_durable(&leaves(tree.size(), beside.leaves()))?;
        }
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let other = scope.spawn(|| beside.run(&tree, &is_over));
            let asked = ask(&served, lasts);
            is_over.store(true, Ordering::Relaxed);
            let other = other
                .join()
                .map_err(|_| Failure::from("A thread that makes checkpoints panicked."))?;
            answers.push(asked?);
            other
        })?;
    }
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
        "{what}, p99 (limit: the median), {held} slow clients, {checkpoints} checkpoints{}",
        beside.text()
    );
    Ok(Line::new(case)
        .ours(seconds(late.median))
        .limit(seconds(median.median))
        .versus_limit(ratio.median)
        .goal("p99 <= 3x the median", ratio.median <= 3.0))
}
