//! Trees by other people, a table for each kind of work, N = 2.
//!
//! Ours and the peer run in this process; the others in programs of their own
//! ([`Worker`]), because their dependencies exclude those of the peer. Batches that wait for the
//! disk have a line of what bounds them all: hashing, and an overwrite of as many bytes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rotortree_hasher::Sha256Hasher;

use super::p15_waited_batches::{BATCH, GROUP_BYTES};
use super::row::Row;
use crate::Outcome;
use crate::bars::{Bars, Panel};
use crate::contender::{DurableTree, MemoryTree, Ours, OursDurable, Peer, PeerDurable, Session};
use crate::context::{Context, leaves, warm};
use crate::limits::OverwrittenFile;
use crate::measure::{Run, take_turns, wall_time};
use crate::report::{Line, Unit};
use crate::worker::Worker;

pub(super) const ROW: Row = Row {
    name: "contenders",
    title: "Contenders, N = 2, one thread (each line: ours beside the named one)",
    alone: true,
    run,
};

/// One table.
struct Work {
    title: &'static str,
    /// Its name for the workers.
    name: &'static str,
    /// How often it is done in a round, quick and in full.
    counts: [usize; 2],
    /// The operations of each time.
    operations: usize,
    unit: Unit,
}

const MILLION: usize = 1_000_000;

const WORKS: [Work; 6] = [
    Work {
        title: "leaves a second, all in one call",
        name: "one-call",
        counts: [200_000, MILLION],
        operations: 1,
        unit: Unit::Rate,
    },
    Work {
        title: "leaves a second, calls of 1000 with a root each",
        name: "calls",
        counts: [200_000, MILLION],
        operations: 1,
        unit: Unit::Rate,
    },
    Work {
        title: "leaves a second, one by one with a root each",
        name: "single",
        counts: [20_000, 100_000],
        operations: 1,
        unit: Unit::Rate,
    },
    Work {
        title: "leaves a second, batches of 1000, each on disk before the next",
        name: "batches",
        counts: [20, 200],
        operations: 1_000,
        unit: Unit::Rate,
    },
    Work {
        title: "inclusion proofs of random leaves of 1 M",
        name: "prove",
        counts: [1_000, 10_000],
        operations: 1,
        unit: Unit::Time,
    },
    Work {
        title: "verifying one of these proofs",
        name: "verify",
        counts: [1_000, 10_000],
        operations: 1,
        unit: Unit::Time,
    },
];

/// Another tree.
struct Other {
    /// Its name for the program.
    name: &'static str,
    label: &'static str,
    functions: &'static [&'static str],
    works: &'static [&'static str],
}

const EVERY: &[&str] = &["one-call", "calls", "single", "batches", "prove", "verify"];
const IN_MEMORY: &[&str] = &["one-call", "calls", "single", "prove", "verify"];
/// Of trees whose calls cost the more, the more leaves there are.
const FEW_CALLS: &[&str] = &["one-call", "prove", "verify"];
const BOTH: &[&str] = &["blake3", "sha256"];

const OTHERS: [Other; 6] = [
    Other {
        name: "commonware",
        label: "commonware-storage",
        functions: BOTH,
        works: EVERY,
    },
    Other {
        name: "semaphore",
        label: "semaphore-rs-trees",
        functions: BOTH,
        works: IN_MEMORY,
    },
    Other {
        name: "zk-kit",
        label: "zk-kit-lean-imt",
        functions: BOTH,
        works: IN_MEMORY,
    },
    Other {
        name: "rs-merkle",
        label: "rs_merkle",
        functions: BOTH,
        works: FEW_CALLS,
    },
    Other {
        name: "ct-merkle",
        label: "ct-merkle",
        functions: &["sha256"],
        works: IN_MEMORY,
    },
    Other {
        name: "pmtree",
        label: "pmtree over sled",
        functions: &["blake3"],
        works: &["batches"],
    },
];

/// How our bars are named.
const OURS: &str = "rotortree 0.21";
/// The line that has no bar: no tree, only what each of its batches needs.
const BARE: &str = "hashing and overwriting alone";

/// The hash functions: in the words of a program, and in the tables.
const FUNCTIONS: [[&str; 2]; 2] = [["blake3", "BLAKE3"], ["sha256", "SHA-256"]];

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines: Vec<Line> = Vec::new();
    let mut chart = Bars::default();
    for work in &WORKS {
        let first = lines.len();
        let mut bars = Vec::new();
        for function in FUNCTIONS {
            warm(|| measure(context, work, function, &mut lines, &mut bars))?;
        }
        lines[first] = lines[first].clone().begins(work.title);
        chart.panels.push(Panel {
            title: match work.unit {
                Unit::Rate => work.title.to_owned(),
                Unit::Time => format!("a second: {}", work.title),
            },
            bars,
        });
    }
    if let Some(directory) = &context.plots {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("contenders.svg"), chart.svg(OURS))?;
    }
    Ok(lines)
}

/// Adds the lines and the bars of one work with one hash function.
fn measure(
    context: &Context,
    work: &Work,
    [function, name]: [&str; 2],
    lines: &mut Vec<Line>,
    bars: &mut Vec<(String, f64)>,
) -> Outcome<()> {
    let count = context.pick(work.counts[0], work.counts[1]);
    let mut all = contestants(context, work, count, function)?;
    let mut runs: Vec<_> = all
        .iter_mut()
        .map(|(_, run)| {
            move || {
                let folder = context.folder()?;
                run(&folder.vacant())
            }
        })
        .collect();
    let mut turns: Vec<Run<'_>> = runs.iter_mut().map(|run| run as Run<'_>).collect();
    let samples = take_turns(context.pick(3, 7), &mut turns)?;
    let operations = (count * work.operations) as u64;
    for ((label, _), other) in all.iter().zip(&samples) {
        let label = format!("{label}, {name}");
        let ours = &samples[0];
        if label.starts_with(OURS) {
            bars.push((label, ours.rate(operations).median));
            continue;
        }
        if !label.starts_with(BARE) {
            bars.push((label.clone(), other.rate(operations).median));
        }
        lines.push(Line::new(label).samples(work.unit, operations, ours, Some(other), None));
    }
    Ok(())
}

/// A tree's name, and how it does the work.
type Contestant = (&'static str, Box<dyn FnMut(&Path) -> Outcome<Duration>>);

/// Those that take part: ours first, then the peer, then the others.
fn contestants(
    context: &Context,
    work: &Work,
    count: usize,
    function: &str,
) -> Outcome<Vec<Contestant>> {
    let program = context.contenders.as_deref().ok_or(
        "The row needs `--contenders PATH`, the program of benches/contenders. \
         `cargo xtask bench contenders` builds it.",
    )?;
    let name = work.name;
    let mut all = if function == "blake3" {
        vec![
            local::<Ours<2>, OursDurable<2>>(OURS, name, count)?,
            bare::<Ours<2>>(count),
            local::<Peer<2>, PeerDurable<2>>("rotortree 0.20", name, count)?,
        ]
    } else {
        type Memory = Ours<2, Sha256Hasher>;
        type Durable = OursDurable<2, Sha256Hasher>;
        vec![
            local::<Memory, Durable>(OURS, name, count)?,
            bare::<Memory>(count),
        ]
    };
    if name != "batches" {
        all.retain(|(label, _)| *label != BARE);
    }
    for other in &OTHERS {
        if other.functions.contains(&function) && other.works.contains(&name) {
            let mut worker = Worker::start(program, other.name, function)?;
            let run = move |path: &Path| worker.run(name, count, path);
            all.push((other.label, Box::new(run)));
        }
    }
    Ok(all)
}

/// A tree of this process.
fn local<M: MemoryTree + 'static, D: DurableTree + 'static>(
    label: &'static str,
    name: &'static str,
    count: usize,
) -> Outcome<Contestant> {
    let session = Session::<M, D>::new()?;
    Ok((label, Box::new(move |path| session.run(name, count, path))))
}

/// What a batch needs and no more: it is hashed, and as many bytes are overwritten and synced.
fn bare<M: MemoryTree + 'static>(batches: usize) -> Contestant {
    let run = move |path: &Path| {
        let mut file = OverwrittenFile::create(path)?;
        let mut tree = M::empty();
        let leaves = leaves(0, batches * BATCH);
        wall_time(|| {
            leaves.chunks(BATCH).try_for_each(|batch| {
                tree.insert_many(batch)?;
                Ok(file.overwrite_durably(&[0x5a; GROUP_BYTES])?)
            })
        })
    };
    (BARE, Box::new(run))
}
