//! What flush and checkpoint policies cost: two tables for a disk.
//!
//! ```text
//! cargo run --release --example policies -- DIRECTORY
//! ```
//!
//! Trees are made below DIRECTORY and removed again; without one, in a temporary folder. The guide
//! (`docs/guide/src/durability.md`) has the tables of one machine.
#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::{
    env,
    error::Error,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, Hash, RotorTree, RotorTreeConfig, RotorTreeError,
};

type Tree = RotorTree<Blake3Hasher, 4, 32>;

/// Leaves of a tree of the first table, inserted one by one.
const SINGLE: u64 = 400_000;
/// Leaves of a tree of the second table, in batches.
const MANY: u64 = 4_000_000;
const BATCH: u64 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = match env::args_os().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let place = folder.path().join("tree");
    println!("| flush policy | inserts/s | syncs/s | at most not yet durable |");
    println!("| --- | ---: | ---: | ---: |");
    for millis in [1, 10, 100, 1000] {
        let policy = FlushPolicy::Interval(Duration::from_millis(millis));
        flush(&place, policy, SINGLE)?;
    }
    flush(&place, FlushPolicy::Manual, SINGLE)?;

    println!("\n| checkpoint policy | leaves/s | checkpoints | log | to open a view |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for policy in [
        CheckpointPolicy::MemoryThreshold(256 << 20),
        CheckpointPolicy::MemoryThreshold(16 << 20),
        CheckpointPolicy::EveryNEntries(1000),
        CheckpointPolicy::EveryNEntries(100),
        CheckpointPolicy::OnClose,
    ] {
        checkpoint(&place, policy, MANY)?;
    }
    Ok(())
}

fn leaf(index: u64) -> Hash {
    let mut leaf = [1; 32];
    leaf[..8].copy_from_slice(&index.to_le_bytes());
    leaf
}

/// Single inserts that nothing waits for.
fn flush(place: &Path, flush_policy: FlushPolicy, leaves: u64) -> Result<(), Box<dyn Error>> {
    let tree = open(RotorTreeConfig {
        flush_policy,
        ..RotorTreeConfig::new(place)
    })?;
    let begin = Instant::now();
    let mut most = 0;
    for index in 0..leaves {
        tree.insert(leaf(index))?;
        most = most.max(tree.size() - tree.durable_size());
    }
    let took = begin.elapsed().as_secs_f64();
    let rate = leaves as f64 / took;
    let syncs = tree.stats().syncs as f64 / took;
    println!("| {flush_policy:?} | {rate:.0} | {syncs:.0} | {most} leaves |");
    remove(tree, place)
}

/// Batches that are each waited for, and what a start behind a crash would have to read.
fn checkpoint(
    place: &Path,
    checkpoint_policy: CheckpointPolicy,
    leaves: u64,
) -> Result<(), Box<dyn Error>> {
    let tree = open(RotorTreeConfig {
        checkpoint_policy,
        ..RotorTreeConfig::new(place)
    })?;
    let begin = Instant::now();
    for start in (0..leaves).step_by(BATCH as usize) {
        let batch: Vec<Hash> = (start..start + BATCH).map(leaf).collect();
        tree.insert_many_durable(&batch)?;
    }
    let rate = leaves as f64 / begin.elapsed().as_secs_f64();
    let stats = tree.stats();
    let begin = Instant::now();
    let config = RotorTreeConfig {
        verify_checkpoint: false,
        ..RotorTreeConfig::new(place)
    };
    let view = Tree::open_read_only(Blake3Hasher, config)?;
    let opening = begin.elapsed();
    // The newest group is shown once a mark or a later group attests it.
    assert!(view.size() + BATCH >= leaves);
    drop(view);
    let (checkpoints, log) = (
        stats.checkpoints,
        stats.log_bytes as f64 / f64::from(1 << 20),
    );
    println!(
        "| {checkpoint_policy:?} | {rate:.0} | {checkpoints} | {log:.1} MiB | {opening:.1?} |"
    );
    remove(tree, place)
}

fn open(config: RotorTreeConfig) -> Result<Tree, RotorTreeError> {
    Tree::open(Blake3Hasher, config)
}

fn remove(tree: Tree, place: &Path) -> Result<(), Box<dyn Error>> {
    tree.close()?;
    Ok(fs::remove_dir_all(place)?)
}

#[test]
fn both_tables_have_a_row() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let place = folder.path().join("tree");
    flush(&place, FlushPolicy::Manual, 100)?;
    checkpoint(&place, CheckpointPolicy::EveryNEntries(2), 5 * BATCH)?;
    assert!(!place.exists());
    Ok(())
}
