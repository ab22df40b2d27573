//! The job: append, wait until durable, checkpoint, close, reopen, check, prove.

use std::{error::Error, fmt, path::Path, time::Instant};

use indicatif::ProgressBar;
use rotortree::{
    Blake3Hasher, CheckpointPolicy, DurabilityToken, RotorTree, RotorTreeConfig, TreeHead,
};

use crate::{
    lines::{BadLine, Lines},
    probes::Probes,
    report::{Report, hex},
    resume::{Compared, resume},
};

type Tree<const N: usize> = RotorTree<Blake3Hasher, N, 32>;

/// Leaves in a batch: one entry of the log, and one root.
const BATCH: usize = 1000;

/// The place of the tree, and the display of the progress.
pub(crate) struct Job<'a> {
    pub(crate) dir: &'a Path,
    /// Whether the directory is there after the run.
    pub(crate) is_kept: bool,
    pub(crate) bar: &'a ProgressBar,
}

/// The job stopped at a line. The leaves before it are in the tree.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) at: BadLine,
    /// The size of the tree, all of it durable.
    size: u64,
    /// The directory to go on in.
    dir: Option<String>,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.at)?;
        match &self.dir {
            Some(dir) => write!(
                f,
                "the tree in {dir} has {} leaves, all of them on disk: mend the line, and the same \
                 command goes on from there",
                self.size
            ),
            None => write!(
                f,
                "nothing is kept: name a --dir to go on from the leaves before a bad line"
            ),
        }
    }
}

impl Error for Stopped {}

impl Job<'_> {
    pub(crate) fn run<const N: usize>(
        &self,
        lines: &mut Lines,
        report: &mut Report<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let config = RotorTreeConfig {
            checkpoint_policy: CheckpointPolicy::Manual,
            ..RotorTreeConfig::new(self.dir)
        };
        let tree = Tree::<N>::open(Blake3Hasher, config.clone())?;
        let before = tree.size();
        report.line("input", lines.name())?;
        report.line(
            "tree",
            &format!(
                "N = {N}, BLAKE3, {before} leaves so far, in {}",
                self.dir.display()
            ),
        )?;

        let mut probes = Probes::new();
        let mut compared = Compared::nothing();
        if before > 0 {
            let started = Instant::now();
            self.bar.set_message("comparing");
            compared = resume(&tree.snapshot(), lines, self.dir, self.bar, &mut probes)?;
            let agreed = compared.agreed;
            report.step("compared", agreed, "leaves that agree", started.elapsed())?;
        }

        let started = Instant::now();
        self.bar.set_message("appending");
        let Appended { last, input } = if compared.agreed == before {
            self.append(&tree, lines, &mut probes)?
        } else {
            // The input ended, or stopped at a line, within what the tree has.
            Appended {
                last: None,
                input: compared.input,
            }
        };
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
        // The leaves before the bad line are durable by now.
        input.map_err(|at| Stopped {
            at,
            size: head.map_or(0, |head| head.size),
            dir: self.is_kept.then(|| self.dir.display().to_string()),
        })?;
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

    /// Inserts until the input ends or has a line without a leaf.
    fn append<const N: usize>(
        &self,
        tree: &Tree<N>,
        lines: &mut Lines,
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
                self.bar.set_position(lines.bytes());
            }
            if input.is_err() || batch.len() < BATCH {
                return Ok(Appended { last, input });
            }
        }
    }
}

struct Appended {
    /// The last batch's token: when it is durable, all before it are.
    last: Option<DurabilityToken>,
    /// The end of the input.
    input: Result<(), BadLine>,
}

/// Proves leaves that were read, and checks the proofs as a client does, with the head alone.
fn prove<const N: usize>(
    tree: &Tree<N>,
    head: TreeHead,
    probes: &Probes,
) -> Result<(), Box<dyn Error>> {
    let snapshot = tree.snapshot();
    for &(index, leaf) in probes.kept() {
        let proof = snapshot.generate_proof(index)?;
        if (proof.leaf, proof.leaf_index) != (leaf, index) {
            return Err(format!("the proof is not of leaf {index}").into());
        }
        proof.verify_against(&Blake3Hasher, head)?;
    }
    Ok(())
}
