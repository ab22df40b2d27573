//! [`Session`]: the tasks of one tree, and what stays between them.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::inputs::{indices, leaf, leaves};
use crate::tree::{Hash, Outcome, Tree};

/// The leaves of a call where there are many calls.
const CALL: usize = 1_000;
/// The leaves of the tree whose leaves are proved.
const PROVED: usize = 1_000_000;

/// Does tasks.
pub trait Work {
    /// The time of one task.
    fn run(&mut self, name: &str, count: usize, path: &Path) -> Outcome<Duration>;
}

/// The tasks of `T`.
pub struct Session<T> {
    /// The leaves that are appended.
    leaves: Vec<Hash>,
    /// The tree whose leaves are proved.
    proved: Option<T>,
}

impl<T> Default for Session<T> {
    fn default() -> Self {
        Self {
            leaves: leaves(0, PROVED),
            proved: None,
        }
    }
}

impl<T: Tree> Work for Session<T> {
    fn run(&mut self, name: &str, count: usize, path: &Path) -> Outcome<Duration> {
        let appended = self.leaves.iter().as_slice().chunks(CALL);
        match name {
            "one-call" => append::<T>(&self.leaves[..count], count),
            "calls" => append::<T>(&self.leaves[..count], CALL),
            "single" => append::<T>(&self.leaves[..count], 1),
            "batches" => T::append_durably(path, &appended.take(count).collect::<Vec<_>>()),
            "prove" => self.prove(&indices(count, PROVED as u64)),
            "verify" => self.verify(&indices(count, PROVED as u64)),
            _ => Err(format!("There is no work `{name}`.").into()),
        }
    }
}

fn append<T: Tree>(leaves: &[Hash], call: usize) -> Outcome<Duration> {
    let mut tree = T::empty()?;
    let took = time(|| {
        leaves
            .chunks(call)
            .try_for_each(|call| tree.append(call).map(drop))
    })?;
    drop(tree);
    Ok(took)
}

impl<T: Tree> Session<T> {
    fn proved(&mut self) -> Outcome<&T> {
        if self.proved.is_none() {
            self.proved = Some(T::provable(&self.leaves)?);
        }
        self.proved.as_ref().ok_or_else(|| "No tree.".into())
    }

    fn prove(&mut self, indices: &[u64]) -> Outcome<Duration> {
        let tree = self.proved()?;
        time(|| {
            for &index in indices {
                black_box(&tree.prove(index as usize)?);
            }
            Ok(())
        })
    }

    fn verify(&mut self, indices: &[u64]) -> Outcome<Duration> {
        let tree = self.proved()?;
        let proofs = indices.iter().map(|&index| {
            let proof = tree.prove(index as usize)?;
            Ok((proof, index as usize, leaf(index)))
        });
        let proofs: Vec<_> = proofs.collect::<Outcome<_>>()?;
        time(|| {
            for (proof, index, leaf) in &proofs {
                if !tree.verify(black_box(proof), *index, leaf) {
                    return Err("A proof does not verify.".into());
                }
            }
            Ok(())
        })
    }
}

/// The processor time of `work`, on all threads of this process.
fn time(work: impl FnOnce() -> Outcome<()>) -> Outcome<Duration> {
    let now = || -> Outcome<Duration> { Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?) };
    let started = now()?;
    work()?;
    Ok(now()? - started)
}
