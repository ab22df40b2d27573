//! [`Task`]: what the library does by itself, in a process of its own as the command has one: its
//! memory is as fresh, and its tree is opened as anew.

use std::{
    fs::File,
    hint::black_box,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use rotortree::Hash;

use super::super::init::{self, Shape};
use crate::{failure::Failure, place::Place, store::Store};

/// Leaves of a batch, as `append` has them.
const BATCH: usize = 1 << 19;
/// Leaves that are inserted one by one, each waited for.
const SINGLE: u64 = 100;
/// Proofs of a round, at most.
const PROOFS: u64 = 500_000;

/// A task of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Task {
    /// Batches of leaves in memory or from a file, from opening until everything is on disk and
    /// closed
    Append,
    /// Proofs of consecutive leaves of a tree as it is stored, from its opening on
    Prove,
    /// Single leaves that are each waited for: the time of one
    Single,
}

impl Task {
    /// Its word on the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Prove => "prove",
            Self::Single => "single",
        }
    }

    /// Does the task at a place, and takes its time.
    pub(super) fn run(
        self,
        place: &Place,
        leaves: u32,
        fed: Option<&Path>,
        shape: Shape,
    ) -> Result<Duration, Failure> {
        match (self, fed) {
            (Self::Append, Some(file)) => {
                let started = Instant::now();
                let tree = init::create(place, shape)?;
                let fail = |error| Failure::file(file, &error);
                let mut source = File::open(file).map_err(fail)?;
                let mut batch = vec![[0; 32]; BATCH];
                let mut left = leaves as usize;
                while left > 0 {
                    batch.truncate(left);
                    let read = source.read_exact(batch.as_flattened_mut());
                    read.map_err(fail)?;
                    tree.append(&batch).submit()?;
                    left -= batch.len();
                }
                tree.flush()?;
                tree.close()?;
                Ok(started.elapsed())
            }
            (Self::Append, None) => {
                let leaves: Vec<Hash> = (0..u64::from(leaves)).map(leaf).collect();
                let started = Instant::now();
                let tree = init::create(place, shape)?;
                for batch in leaves.chunks(BATCH) {
                    tree.append(batch).submit()?;
                }
                tree.flush()?;
                tree.close()?;
                Ok(started.elapsed())
            }
            (Self::Prove, _) => {
                let started = Instant::now();
                let snapshot = Store::at(place)?.snapshot(None)?;
                for index in 0..proofs(leaves) {
                    black_box(snapshot.generate_proof(index)?);
                }
                Ok(started.elapsed())
            }
            (Self::Single, _) => {
                let tree = Store::at(place)?.own()?;
                let started = Instant::now();
                for index in 0..SINGLE {
                    tree.insert_durable(leaf(u64::MAX - index))?;
                }
                let took = started.elapsed() / SINGLE as u32;
                tree.close()?;
                Ok(took)
            }
        }
    }
}

/// The number of proofs of a tree with so many leaves.
pub(super) fn proofs(leaves: u32) -> u64 {
    PROOFS.min(u64::from(leaves))
}

/// A leaf that is a number of every field, in either byte order.
pub(super) fn leaf(index: u64) -> Hash {
    let mut leaf = [0; 32];
    let words = leaf[1..25].chunks_exact_mut(8);
    for (factor, word) in [0x9e37_79b9_7f4a_7c15_u64, 0xbf58_476d_1ce4_e5b9, 1]
        .iter()
        .zip(words)
    {
        word.copy_from_slice(&index.wrapping_mul(*factor).to_le_bytes());
    }
    leaf
}
