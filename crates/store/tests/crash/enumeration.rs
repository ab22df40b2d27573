//! Every short workload, every crash point, every image; then a crash of the recovery, and life
//! after it.

use std::{collections::HashSet, ffi::OsStr, path::PathBuf, time::Duration};

use rotortree_store::{
    CheckpointPolicy, FlushPolicy,
    manifest::Manifest,
    test_util::sim_files::{Bound, SimFiles},
};
use rotortree_wal::SECTOR;

use super::{
    check::{Reference, recover},
    faults::Watchdog,
    setting,
    workload::{History, STEPS, Step, config},
};
use crate::builder::Builder;

struct Tally {
    watchdog: Watchdog,
    workloads: usize,
    points: usize,
    images: usize,
    second_images: usize,
    damaged: usize,
}

impl Tally {
    fn start() -> Self {
        Self {
            watchdog: Watchdog::start(),
            workloads: 0,
            points: 0,
            images: 0,
            second_images: 0,
            damaged: 0,
        }
    }

    fn tell(&self) {
        println!(
            "{} workloads, {} crash points, {} images opened, {} of them after a second crash; {} more with a damaged segment header",
            self.workloads,
            self.points,
            self.images + self.second_images,
            self.second_images,
            self.damaged
        );
    }
}

fn enumerate<const N: usize>(config: &Builder<N>, depth: usize, bound: usize, tally: &mut Tally) {
    let mut reference = Reference::default();
    let mut seen = HashSet::new();
    let count = STEPS.len().pow(depth as u32);
    for number in 0..count {
        let steps: Vec<Step> = (0..depth)
            .map(|k| STEPS[number / STEPS.len().pow(k as u32) % STEPS.len()])
            .collect();
        crash_everywhere::<N>(
            config,
            &steps,
            bound,
            number as u64,
            &mut reference,
            &mut seen,
            tally,
        );
    }
}

fn crash_everywhere<const N: usize>(
    config: &Builder<N>,
    steps: &[Step],
    bound: usize,
    seed: u64,
    reference: &mut Reference,
    seen: &mut HashSet<(u64, usize, usize)>,
    tally: &mut Tally,
) {
    tally.workloads += 1;
    let files = SimFiles::new();
    let mut history = History::default();
    let tree = history.run_as::<N>(&files, config, steps);
    for point in files.journal().points() {
        tally.points += 1;
        let bounds = history.bounds_at(point.operations());
        for image in point.images(Bound {
            garbage: seed % 2 == 1,
            ..Bound::new(bound, seed)
        }) {
            if !seen.insert((image.fingerprint, bounds.0, history.states.len())) {
                continue;
            }
            tally.images += 1;
            let told = format!(
                "{steps:?}, crash after operation {} ({}), picks {:?}",
                point.operations(),
                point.after(),
                image.picks
            );
            tally.watchdog.case(told.clone());
            let guard = Told(&told);
            if tally.images.is_multiple_of(8) {
                for damaged in with_damaged_headers(&image.files) {
                    tally.damaged += 1;
                    drop(recover::<N>(&damaged, &history, bounds, reference));
                }
            }
            let (engine, found) = recover::<N>(&image.files, &history, bounds, reference);
            // A second crash, at every operation of the recovery that just ran.
            if tally.images.is_multiple_of(16) {
                for second in image.files.journal().points() {
                    for again in second.images(Bound::new(bound / 4 + 1, seed)) {
                        tally.second_images += 1;
                        drop(recover::<N>(&again.files, &history, bounds, reference));
                    }
                }
            }
            // The recovered tree is durable now, and further entries follow it.
            if tally.images.is_multiple_of(8) {
                drop(engine);
                let size = history.states[found].size as usize;
                let mut after = History::starting_with(
                    history.leaves[..size].to_vec(),
                    history.states[..=found].to_vec(),
                    found,
                );
                let files = image.files.clone();
                files.rebase();
                let tree = after.run::<N>(&files, &[Step::Batch, Step::Flush, Step::Insert]);
                let point = files.crash_point();
                for again in point.images(Bound::new(2, seed)) {
                    tally.second_images += 1;
                    let bounds = after.bounds_at(point.operations());
                    drop(recover::<N>(&again.files, &after, bounds, reference));
                }
                drop(tree);
            }
            drop(guard);
        }
    }
    drop(tree);
    assert!(files.violations().is_empty(), "{:?}", files.violations());
}

/// The image with each of its segments' headers damaged: every header stands in a second place by
/// the time that it matters. One that no manifest names, with something behind it, is left alone:
/// whether it matters cannot be told without its header, and opening refuses it.
fn with_damaged_headers(files: &SimFiles) -> Vec<SimFiles> {
    let manifest = files.read_file("/tree/MANIFEST").and_then(|bytes| {
        let manifest = Manifest::decode("MANIFEST", &bytes).ok()?;
        Some(format!("{:016}.wal", manifest.last_segment()))
    });
    let is_damaged = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str);
        let is_segment = path.extension().is_some_and(|name| name == "wal");
        let is_named = name <= manifest.as_deref();
        is_segment && (is_named || files.read_file(path).unwrap().len() <= SECTOR)
    };
    let segments = files.list_files().into_iter().filter(is_damaged);
    let damaged = segments.map(|path| {
        let damaged = files.settled();
        let mut bytes = damaged.read_file(&path).unwrap();
        // The salt's.
        bytes[32] ^= 1;
        damaged.write_file(path, &bytes);
        damaged
    });
    damaged.collect()
}

/// Says which image failed.
struct Told<'a>(&'a str);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}

#[test]
fn every_crash_of_every_short_workload_leaves_a_prefix_with_everything_durable() {
    let depth = setting("ROTORTREE_CRASH_DEPTH", 3);
    let bound = setting("ROTORTREE_CRASH_IMAGES", 32);
    let mut tally = Tally::start();
    enumerate::<2>(&config(), depth, bound, &mut tally);
    enumerate::<3>(&config(), depth.min(2), bound, &mut tally);
    tally.tell();
    assert!(
        tally.images > 1000,
        "the enumeration has lost its workloads"
    );
}

/// The timing of the background differs from run to run.
#[test]
fn every_crash_under_every_policy_leaves_a_prefix_with_everything_durable() {
    let depth = setting("ROTORTREE_CRASH_DEPTH", 3).saturating_sub(1);
    let bound = setting("ROTORTREE_CRASH_IMAGES", 32) / 2;
    let soon = FlushPolicy::Interval(Duration::from_micros(100));
    let policies = [
        (soon, CheckpointPolicy::Manual),
        (FlushPolicy::Manual, CheckpointPolicy::OnClose),
        (FlushPolicy::Manual, CheckpointPolicy::EveryNEntries(2)),
        (soon, CheckpointPolicy::MemoryThreshold(4096)),
    ];
    let mut tally = Tally::start();
    for (flush_policy, checkpoint_policy) in policies {
        let pairs = config().flush_policy(flush_policy);
        let pairs = pairs.checkpoint_policy(checkpoint_policy);
        enumerate::<2>(&pairs, depth, bound, &mut tally);
        let triples = config().flush_policy(flush_policy);
        let triples = triples.checkpoint_policy(checkpoint_policy);
        enumerate::<3>(&triples, depth.min(1), bound, &mut tally);
    }
    tally.tell();
    assert!(
        tally.images > 1000,
        "the enumeration has lost its workloads"
    );
}

/// The published peer's failure: a full chunk written at a checkpoint while its last inner node
/// could still change.
#[test]
fn a_checkpoint_at_255_leaves_and_one_at_256_survive_every_crash() {
    let mut tally = Tally::start();
    let mut reference = Reference::default();
    let steps = [
        Step::Batch,
        Step::Batch,
        Step::Insert,
        Step::Checkpoint,
        Step::Insert,
        Step::Checkpoint,
        Step::Insert,
        Step::Flush,
    ];
    crash_everywhere::<2>(
        &config(),
        &steps,
        64,
        255,
        &mut reference,
        &mut HashSet::new(),
        &mut tally,
    );
    assert!(tally.points > 50);
}
