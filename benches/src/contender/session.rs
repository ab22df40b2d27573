//! [`Session`]: the works of the row `contenders`, done by a tree of this process. The program of
//! `benches/contenders` does the same ones with other trees.

use std::hint::black_box;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use rotortree_lean_imt::Hash;

use super::{DurableTree, MemoryTree, Settings};
use crate::Outcome;
use crate::context::{indices, leaves, on_one_thread};
use crate::measure::{time_fallible, wall_time};

/// The leaves of a call where there are many calls.
const CALL: usize = 1_000;
/// The leaves of the tree whose leaves are proved.
const PROVED: usize = 1_000_000;

/// The works of a tree in memory, and of its durable one.
pub struct Session<M: MemoryTree, D> {
    /// The leaves that are appended.
    leaves: Vec<Hash>,
    /// The tree whose leaves are proved, and its root.
    proved: (M::Snapshot, Hash),
    durable: PhantomData<D>,
}

impl<M: MemoryTree, D: DurableTree> Session<M, D> {
    /// A session.
    ///
    /// # Errors
    /// The tree's.
    pub fn new() -> Outcome<Self> {
        let leaves = leaves(0, PROVED);
        let mut tree = M::empty();
        let root = tree.insert_many(&leaves)?;
        Ok(Self {
            leaves,
            proved: (tree.snapshot(), root),
            durable: PhantomData,
        })
    }

    /// The time of a work. Nothing is yet at `path`.
    ///
    /// # Errors
    /// The tree's, and an unknown work.
    pub fn run(&self, name: &str, count: usize, path: &Path) -> Outcome<Duration> {
        let indices = || indices(count, PROVED as u64);
        match name {
            "one-call" => self.append(count, count),
            "calls" => self.append(count, CALL),
            "single" => self.append(count, 1),
            "batches" => self.append_durably(count, path),
            "prove" => time_fallible(|| M::prove_each(&self.proved.0, &indices())),
            "verify" => self.verify(&indices()),
            _ => Err(format!("There is no work `{name}`.").into()),
        }
    }

    fn append(&self, count: usize, call: usize) -> Outcome<Duration> {
        let leaves = &self.leaves[..count];
        on_one_thread(|| {
            let mut tree = M::empty();
            time_fallible(|| {
                for call in leaves.chunks(call) {
                    match call {
                        [leaf] => tree.insert(*leaf)?,
                        _ => tree.insert_many(call)?,
                    };
                }
                Ok(())
            })
        })
    }

    fn append_durably(&self, batches: usize, path: &Path) -> Outcome<Duration> {
        let tree = D::open(path, Settings::MANUAL)?;
        let took = wall_time(|| {
            for batch in self.leaves.chunks(CALL).take(batches) {
                drop(tree.insert_many(batch)?);
                tree.flush()?;
            }
            Ok(())
        })?;
        tree.close()?;
        Ok(took)
    }

    fn verify(&self, indices: &[u64]) -> Outcome<Duration> {
        let (snapshot, root) = &self.proved;
        let proofs = indices.iter().map(|&index| M::prove(snapshot, index));
        let proofs: Vec<_> = proofs.collect::<Outcome<_>>()?;
        time_fallible(|| {
            for proof in &proofs {
                if !M::verify(black_box(proof), PROVED as u64, root)? {
                    return Err("A proof does not verify.".into());
                }
            }
            Ok(())
        })
    }
}
