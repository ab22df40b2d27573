//! Scale: one tree that grows, measured at sizes ten times apart and between, once with all memory
//! and once in a control group that allows a fraction of the tree's bytes. N = 2, format 2.
//!
//! At each size: the rate of inserts since the size before, a checkpoint, reopening, proofs of
//! random leaves with the pages that there is memory for, and proofs of random leaves after the
//! cached pages were dropped, with the faults that waited for the disk.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rotortree::{Blake3Hasher, CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeConfig};

use super::row::{Row, Work};
use crate::child::{self, Task, Who};
use crate::context::{Context, MAX_DEPTH, indices, leaves};
use crate::measure::time_fallible;
use crate::memory::{group::Group, process};
use crate::plot::{Figure, Plot};
use crate::report::{Line, bytes, rate, seconds};
use crate::{Outcome, disk};

pub(super) const ROW: Row = Row {
    name: "scale",
    title: "Scale: a tree that grows, N = 2, blocks of 1 M leaves, checkpoints at 128 MiB",
    alone: true,
    run,
};

const MILLION: u64 = 1_000_000;
const THRESHOLD: usize = 128 << 20;
const PROOFS: usize = 10_000;
/// Few, so that a page that one of them read rarely serves another.
const COLD_PROOFS: usize = 300;

const ALL_MEMORY: &str = "scale";
const LITTLE_MEMORY: &str = "scale-in-1-GiB";
const LITTLE_MEMORY_QUICK: &str = "scale-in-512-MiB";

/// The work of a child.
pub(super) const WORK: Work = Work {
    tasks: &[ALL_MEMORY, LITTLE_MEMORY, LITTLE_MEMORY_QUICK],
    run: |task| {
        let _group = match task.name.as_str() {
            LITTLE_MEMORY => Some(Group::enter(1 << 30)?),
            LITTLE_MEMORY_QUICK => Some(Group::enter(512 << 20)?),
            _ => None,
        };
        let points = grow(&task.path, task.count)?;
        Ok(points.iter().flat_map(|point| point.0).collect())
    },
};

/// What was measured at one size.
#[derive(Clone, Copy, Debug, Default)]
struct Point([f64; FIELDS]);

const FIELDS: usize = 10;
const SIZE: usize = 0;
const INSERTS: usize = 1;
const CHECKPOINT: usize = 2;
const OPEN: usize = 3;
const PROOF: usize = 4;
const FAULTS: usize = 5;
const OPEN_COLD: usize = 6;
const PROOF_COLD: usize = 7;
const FAULTS_COLD: usize = 8;
const ANONYMOUS: usize = 9;

type Tree = RotorTree<Blake3Hasher, 2, MAX_DEPTH>;

fn open(path: &Path) -> Outcome<(Tree, f64)> {
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(Duration::from_millis(10)),
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(THRESHOLD),
        verify_checkpoint: false,
        ..RotorTreeConfig::new(path)
    };
    let started = Instant::now();
    let tree = RotorTree::open(Blake3Hasher, config)?;
    Ok((tree, started.elapsed().as_secs_f64()))
}

/// Grows a tree to so many million leaves.
fn grow(path: &Path, millions: u64) -> Outcome<Vec<Point>> {
    let mut points = Vec::new();
    let mut size = 0;
    let mut most_anonymous = 0;
    let (mut tree, _) = open(path)?;
    for next in sizes(millions) {
        let mut inserting = Duration::ZERO;
        let before = size;
        while size < next {
            let leaves = leaves(size * MILLION, MILLION as usize);
            let started = Instant::now();
            tree.insert_many(&leaves)?.1.wait()?;
            inserting += started.elapsed();
            size += 1;
            most_anonymous = most_anonymous.max(anonymous());
        }
        let checkpoint = time_fallible(|| Ok(tree.checkpoint()?))?;
        tree.close()?;
        let opened;
        (tree, opened) = open(path)?;
        let [(proof, faults), anonymous_then] = {
            let warm = prove(&tree, &indices(PROOFS, size * MILLION))?;
            [warm, (anonymous() as f64, 0.0)]
        };
        tree.close()?;
        disk::evict(path)?;
        let opened_cold;
        (tree, opened_cold) = open(path)?;
        // Others than before.
        let cold = indices(PROOFS + COLD_PROOFS, size * MILLION).split_off(PROOFS);
        let (proof_cold, faults_cold) = prove(&tree, &cold)?;
        let mut point = Point::default();
        point.0[SIZE] = (size * MILLION) as f64;
        point.0[INSERTS] = ((size - before) * MILLION) as f64 / inserting.as_secs_f64();
        point.0[CHECKPOINT] = checkpoint.as_secs_f64();
        point.0[OPEN] = opened;
        point.0[PROOF] = proof;
        point.0[FAULTS] = faults;
        point.0[OPEN_COLD] = opened_cold;
        point.0[PROOF_COLD] = proof_cold;
        point.0[FAULTS_COLD] = faults_cold;
        point.0[ANONYMOUS] = anonymous_then.0.max(most_anonymous as f64);
        points.push(point);
    }
    tree.close()?;
    Ok(points)
}

/// 1, 2, 5, 10 and so on, up to `millions`.
fn sizes(millions: u64) -> impl Iterator<Item = u64> {
    let powers = (0..).map(|power| 10_u64.pow(power));
    let all = powers.flat_map(|power| [power, 2 * power, 5 * power]);
    all.take_while(move |&size| size < millions)
        .chain([millions])
}

fn anonymous() -> u64 {
    process::anonymous(std::process::id()).unwrap_or(0)
}

/// The seconds and the faults of a proof.
fn prove(tree: &Tree, indices: &[u64]) -> Outcome<(f64, f64)> {
    let snapshot = tree.snapshot();
    let faults = || process::major_faults().unwrap_or(0);
    let before = faults();
    let took = time_fallible(|| {
        for &index in indices {
            std::hint::black_box(snapshot.generate_proof(index)?);
        }
        Ok(())
    })?;
    let count = indices.len() as f64;
    Ok((
        took.as_secs_f64() / count,
        (faults() - before) as f64 / count,
    ))
}

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let (little, within) = context.pick((LITTLE_MEMORY_QUICK, "512 MiB"), (LITTLE_MEMORY, "1 GiB"));
    let cases = [
        (ALL_MEMORY, "all memory", context.pick(5, 500)),
        (little, within, context.pick(40, 150)),
    ];
    let mut lines = Vec::new();
    let mut series = Vec::new();
    for (task, memory, millions) in cases {
        let folder = context.folder()?;
        let task = Task {
            name: task.to_owned(),
            who: Who::Ours,
            path: folder.vacant(),
            count: millions,
        };
        let numbers = child::run(&task)?.numbers;
        let points: Vec<Point> = numbers.as_chunks().0.iter().copied().map(Point).collect();
        for point in &points {
            lines.extend(lines_of(memory, point));
        }
        let on_disk = disk::length(folder.path())? as f64 / (millions * MILLION) as f64;
        lines.push(
            Line::new(format!(
                "{memory}, {millions} M leaves: bytes on disk a leaf"
            ))
            .ours(format!("{on_disk:.2}"))
            .goal("<= 33", on_disk <= 33.0),
        );
        series.push((memory, points));
    }
    if let Some(directory) = &context.plots {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("scale.svg"), figure(&series).svg())?;
    }
    Ok(lines)
}

fn lines_of(memory: &str, Point(at): &Point) -> [Line; 2] {
    let case = |what: &str| format!("{memory}, {} M leaves: {what}", at[SIZE] / MILLION as f64);
    [
        Line::new(case("inserts; checkpoint; anonymous memory")).ours(format!(
            "{}; {}; {}",
            rate(at[INSERTS]),
            seconds(at[CHECKPOINT]),
            bytes(at[ANONYMOUS])
        )),
        Line::new(case("open and a proof; with no page cached"))
            .ours(format!(
                "{}, {} with {:.2} faults; {}, {} with {:.2} faults",
                seconds(at[OPEN]),
                seconds(at[PROOF]),
                at[FAULTS],
                seconds(at[OPEN_COLD]),
                seconds(at[PROOF_COLD]),
                at[FAULTS_COLD]
            ))
            .goal("<= 6 faults", at[FAULTS_COLD] <= 6.0),
    ]
}

fn figure(series: &[(&str, Vec<Point>)]) -> Figure {
    let plot = |title: &str, field: usize, scale: f64| Plot {
        title: title.to_owned(),
        lines: series
            .iter()
            .map(|(memory, points)| {
                let points = points.iter().map(|Point(at)| (at[SIZE], at[field] * scale));
                ((*memory).to_owned(), points.collect())
            })
            .collect(),
    };
    Figure {
        across: "leaves".to_owned(),
        plots: vec![
            plot("inserts, leaves a second", INSERTS, 1.0),
            plot("a proof, us", PROOF, 1e6),
            plot("a proof, no page cached, us", PROOF_COLD, 1e6),
            plot("faults a proof, no page cached", FAULTS_COLD, 1.0),
            plot("open, ms", OPEN, 1e3),
            plot("anonymous memory, MiB", ANONYMOUS, 1.0 / f64::from(1 << 20)),
        ],
    }
}
