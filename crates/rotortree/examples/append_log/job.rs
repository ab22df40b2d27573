//! The job: append, wait until durable, checkpoint, close, reopen, check, prove.

use std::{error::Error, path::Path, time::Instant};

use indicatif::ProgressBar;
use rotortree::{
    Blake3Hasher, CheckpointPolicy, DurabilityToken, RotorTree, RotorTreeConfig, TreeHead,
};

use crate::{
    lines::Lines,
    probes::Probes,
    report::{Report, hex},
};

type Tree<const N: usize> = RotorTree<Blake3Hasher, N, 32>;

/// Leaves in a batch: one entry of the log, and one root.
const BATCH: usize = 1000;

pub(crate) fn run<const N: usize>(
    lines: &mut Lines,
    dir: &Path,
    bar: &ProgressBar,
    report: &mut Report<'_>,
) -> Result<(), Box<dyn Error>> {
    let config = RotorTreeConfig {
        checkpoint_policy: CheckpointPolicy::Manual,
        ..RotorTreeConfig::new(dir)
    };
    let tree = Tree::<N>::open(Blake3Hasher, config.clone())?;
    let before = tree.size();
    report.line("input", lines.name())?;
    report.line(
        "tree",
        &format!(
            "N = {N}, BLAKE3, {before} leaves so far, in {}",
            dir.display()
        ),
    )?;

    let started = Instant::now();
    let mut probes = Probes::new();
    let Appended { last, input } = append(&tree, lines, bar, &mut probes)?;
    let appended = tree.size() - before;
    report.step("appended", appended, "leaves", started.elapsed())?;
    if let Some(token) = last {
        token.wait()?;
    }
    report.step("durable", appended, "leaves", started.elapsed())?;

    let started = Instant::now();
    tree.checkpoint()?;
    report.timed("checkpoint", started.elapsed())?;
    let head = tree.durable_snapshot().head();
    tree.close()?;
    // What stood before the line that is not a leaf is safe by now.
    input?;
    let Some(head) = head else {
        return Ok(report.line("size", "0: there was nothing to append")?);
    };

    let started = Instant::now();
    let tree = Tree::<N>::builder(config)
        .expect_head(head)
        .open(Blake3Hasher)?;
    if tree.head() != Some(head) {
        return Err(format!("reopening gave another tree: {:?}", tree.head()).into());
    }
    report.timed("reopened", started.elapsed())?;

    let started = Instant::now();
    prove(&tree, head, &probes)?;
    let proofs = probes.kept().len() as u64;
    report.step(
        "proved",
        proofs,
        "leaves against the head",
        started.elapsed(),
    )?;
    tree.close()?;
    report.line("size", &head.size.to_string())?;
    report.line("root", &hex(&head.root))?;
    Ok(())
}

struct Appended {
    /// The last batch's token: when it is durable, all before it are.
    last: Option<DurabilityToken>,
    /// How the input ended.
    input: Result<(), Box<dyn Error>>,
}

/// Inserts until the input ends or has a line that is not a leaf.
fn append<const N: usize>(
    tree: &Tree<N>,
    lines: &mut Lines,
    bar: &ProgressBar,
    probes: &mut Probes,
) -> Result<Appended, Box<dyn Error>> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut last = None;
    loop {
        let input = lines.next_batch(&mut batch, BATCH);
        if !batch.is_empty() {
            let (_root, token) = tree.insert_many(&batch)?;
            for (index, &leaf) in token.leaf_range().zip(&batch) {
                probes.offer(index, leaf);
            }
            last = Some(token);
            bar.set_position(lines.bytes());
        }
        if input.is_err() || batch.len() < BATCH {
            return Ok(Appended { last, input });
        }
    }
}

/// Proves what was read, and checks the proofs as somebody would who has nothing but the head.
fn prove<const N: usize>(
    tree: &Tree<N>,
    head: TreeHead,
    probes: &Probes,
) -> Result<(), Box<dyn Error>> {
    let snapshot = tree.snapshot();
    for &(index, leaf) in probes.kept() {
        let proof = snapshot.generate_proof(index)?;
        let proves = (proof.leaf, proof.leaf_index) == (leaf, index);
        if !(proves && proof.verify_against(&Blake3Hasher, head)?) {
            return Err(format!("the proof of leaf {index} does not verify").into());
        }
    }
    Ok(())
}
