//! Short histories of a tree, with its acknowledgements.

use std::sync::Arc;

use crate::builder::{Builder, unset};
use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{TreeSnapshot, reference};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, fs::FsStorage, storage::Storage,
    test_util::sim_files::SimFiles,
};

/// A step of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Insert,
    /// Crosses a chunk of 128 nodes and, at N = 2, ends where an inner node of it can still change.
    Batch,
    /// Larger than the bound on unflushed bytes: written in several groups.
    Stream,
    /// Puts whole chunks in place before they are recorded.
    Large,
    Metadata,
    Flush,
    Checkpoint,
    /// Closes and opens again.
    Reopen,
    /// Looks from outside, as another process does: every state shown there has to be durable.
    Read,
}

pub(crate) const STEPS: [Step; 9] = [
    Step::Insert,
    Step::Batch,
    Step::Stream,
    Step::Large,
    Step::Metadata,
    Step::Flush,
    Step::Checkpoint,
    Step::Reopen,
    Step::Read,
];

/// A state that recovery may give: where a batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) size: u64,
    pub(crate) metadata: Option<Vec<u8>>,
}

/// At `operations` file operations, states `..=durable` (by index) were known durable and
/// `..=accepted` accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) operations: usize,
    pub(crate) durable: usize,
    pub(crate) accepted: usize,
}

/// Leaf number `index` of every history, so that equal sizes mean equal trees.
pub(crate) fn leaf(index: u64) -> Hash {
    reference::sample_leaves(index, 1)[0]
}

/// The events of a run.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) leaves: Vec<Hash>,
    pub(crate) states: Vec<State>,
    pub(crate) marks: Vec<Mark>,
}

pub(crate) fn config<const N: usize>() -> Builder<N> {
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .segment_bytes(4096)
        .max_unflushed_bytes(16 << 10)
        .large_batch_bytes(6 * 4096)
}

pub(crate) fn storage(files: &SimFiles) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_files(files.clone(), "/tree"))
}

pub(crate) type Tree<const N: usize> = RotorTree<Blake3Hasher, N, 32>;

impl History {
    pub(crate) fn starting_with(leaves: Vec<Hash>, states: Vec<State>, durable: usize) -> Self {
        let accepted = states.len() - 1;
        Self {
            leaves,
            states,
            marks: vec![Mark {
                operations: 0,
                durable,
                accepted,
            }],
        }
    }

    fn mark(&mut self, files: &SimFiles, durable: usize) {
        let durable = durable.max(self.marks.last().map_or(0, |mark| mark.durable));
        self.marks.push(Mark {
            operations: files.operations(),
            durable,
            accepted: self.states.len() - 1,
        });
    }

    fn accept(&mut self, batch: &[Hash], metadata: Option<Vec<u8>>) {
        self.leaves.extend_from_slice(batch);
        let metadata =
            metadata.or_else(|| self.states.last().and_then(|state| state.metadata.clone()));
        self.states.push(State {
            size: self.leaves.len() as u64,
            metadata,
        });
    }

    /// Which state a reader was shown.
    pub(crate) fn state_of<const N: usize>(&self, shown: &TreeSnapshot<N, 32>) -> usize {
        let metadata = shown.metadata().map(<[u8]>::to_vec);
        self.states
            .iter()
            .rposition(|state| state.size == shown.size() && state.metadata == metadata)
            .expect("a reader sees the end of a batch")
    }

    /// [`run_as`](Self::run_as) with nothing in the background.
    pub(crate) fn run<const N: usize>(&mut self, files: &SimFiles, steps: &[Step]) -> Tree<N> {
        self.run_as(files, &config(), steps)
    }

    /// Runs `steps` on a store and notes every acknowledgement. The store is left open, as by a
    /// process that is killed.
    pub(crate) fn run_as<const N: usize>(
        &mut self,
        files: &SimFiles,
        config: &Builder<N>,
        steps: &[Step],
    ) -> Tree<N> {
        let open = || {
            config
                .clone()
                .storage(storage(files))
                .open(Blake3Hasher)
                .unwrap()
        };
        if self.states.is_empty() {
            self.states.push(State {
                size: 0,
                metadata: None,
            });
        }
        // A running insert may already have written after a crash, so acceptance is noted before it
        // starts.
        let mut tree = Some(open());
        self.mark(files, self.states.len() - 1);
        for (k, step) in steps.iter().enumerate() {
            let engine = tree.as_ref().unwrap();
            let seed = self.leaves.len() as u64;
            match step {
                Step::Insert | Step::Batch | Step::Stream | Step::Large => {
                    let count = match step {
                        Step::Insert => 1,
                        Step::Batch => 127,
                        Step::Stream => 700,
                        // Six whole chunks at least, wherever it starts.
                        _ => 895,
                    };
                    let batch: Vec<Hash> = (seed..seed + count).map(leaf).collect();
                    self.accept(&batch, None);
                    self.marks.last_mut().unwrap().accepted = self.states.len() - 1;
                    if count == 1 {
                        drop(engine.insert(batch[0]).unwrap())
                    } else {
                        drop(engine.append(&batch).submit().unwrap())
                    }
                    self.mark(files, 0);
                }
                Step::Metadata => {
                    let metadata = vec![k as u8; 5];
                    self.accept(&[], Some(metadata.clone()));
                    self.marks.last_mut().unwrap().accepted = self.states.len() - 1;
                    engine.append(&[]).metadata(&metadata).submit().unwrap();
                    self.mark(files, 0);
                }
                Step::Flush => {
                    engine.flush().unwrap();
                    self.mark(files, self.states.len() - 1);
                }
                Step::Checkpoint => {
                    engine.checkpoint().unwrap();
                    self.mark(files, self.states.len() - 1);
                }
                Step::Reopen => {
                    tree.take().unwrap().close().unwrap();
                    self.mark(files, self.states.len() - 1);
                    tree = Some(open());
                    self.mark(files, self.states.len() - 1);
                }
                Step::Read => {
                    let reader = config
                        .clone()
                        .storage(storage(files))
                        .open_read_only(Blake3Hasher);
                    let shown = self.state_of(&reader.unwrap().snapshot());
                    self.mark(files, shown);
                }
            }
        }
        tree.unwrap()
    }

    /// The bounds after `operations` file operations: the last state acknowledged as durable by
    /// then, and the last state accepted by the next acknowledgement.
    pub(crate) fn bounds_at(&self, operations: usize) -> (usize, usize) {
        let durable = self
            .marks
            .iter()
            .filter(|mark| mark.operations <= operations)
            .map(|mark| mark.durable)
            .max()
            .unwrap_or(0);
        let accepted = self
            .marks
            .iter()
            .find(|mark| mark.operations > operations)
            .or(self.marks.last())
            .map_or(0, |mark| mark.accepted);
        // The mark before the crash may already have accepted more, if its operation did no I/O.
        let before = self
            .marks
            .iter()
            .rev()
            .find(|mark| mark.operations <= operations)
            .map_or(0, |mark| mark.accepted);
        (durable, accepted.max(before))
    }
}
