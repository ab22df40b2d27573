//! Small stores with every kind of file, and the allowed states of an opened copy.

use std::{path::PathBuf, sync::Arc};

use crate::builder::{Builder, unset};
use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, Damage, FlushPolicy, RecoveryMode, RotorTree, RotorTreeError,
    fs::FsStorage,
    storage::{Reads, Storage},
    test_util::{sim_files::SimFiles, watchdog::limit_this_process},
};

/// Bytes of a chunk.
pub(crate) const CHUNK_BYTES: usize = 4096;

pub(crate) type Tree = RotorTree<Blake3Hasher, 2, 32>;

pub(crate) fn config(recovery: RecoveryMode) -> Builder {
    limit_this_process();
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .segment_bytes(4096)
        .recovery(recovery)
}

pub(crate) fn open(files: &SimFiles, config: Builder) -> Result<Tree, RotorTreeError> {
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    config.storage(storage).open(Blake3Hasher)
}

/// A store as it stands on disk, and the leaves that are durable in it.
pub(crate) struct Sample {
    pub(crate) files: SimFiles,
    pub(crate) leaves: Vec<Hash>,
    pub(crate) metadata: Vec<u8>,
    closed: bool,
}

impl Sample {
    /// Whole chunks, tails, a log of several segments, several groups in each, metadata.
    pub(crate) fn new(seed: u64, closed: bool) -> Self {
        Self::make(seed, closed, true, true).0
    }

    /// The same without an orderly close and without anything that attests the last leaf.
    pub(crate) fn unattested(seed: u64) -> Self {
        Self::make(seed, false, true, false).0
    }

    /// The same leaves in a log that no checkpoint covers: whatever is left of them is
    /// left by the log.
    pub(crate) fn of_log_alone(seed: u64, closed: bool) -> Self {
        Self::make(seed, closed, false, true).0
    }

    /// Two large batches behind a checkpoint: the log refers to the chunks of both, and nothing
    /// attests the second one unless the store was closed.
    pub(crate) fn of_large_batches(seed: u64, closed: bool) -> Self {
        let files = SimFiles::new();
        let leaves = reference::sample_leaves(seed, 1000);
        let metadata = format!("block {seed}").into_bytes();
        let large = config(RecoveryMode::Strict).large_batch_bytes(2 * CHUNK_BYTES);
        let tree = open(&files, large).unwrap();
        tree.append(&leaves[..150]).submit().unwrap();
        tree.checkpoint().unwrap();
        let batch = tree.append(&leaves[150..600]).metadata(&metadata);
        batch.durable().unwrap();
        tree.append(&leaves[600..]).durable().unwrap();
        let killed = files.settled();
        if closed {
            tree.close().unwrap();
        }
        Self {
            files: if closed { files.settled() } else { killed },
            leaves,
            metadata,
            closed,
        }
    }

    /// The same, and the manifest as it was after each step.
    pub(crate) fn with_earlier_manifests(seed: u64, closed: bool) -> (Self, Vec<Vec<u8>>) {
        Self::make(seed, closed, true, true)
    }

    fn make(seed: u64, closed: bool, checkpointed: bool, attested: bool) -> (Self, Vec<Vec<u8>>) {
        let files = SimFiles::new();
        let mut manifests = Vec::new();
        let mut keep = || manifests.push(files.read_file("/tree/MANIFEST").unwrap());
        let leaves = reference::sample_leaves(seed, 430);
        let metadata = format!("block {seed}").into_bytes();
        let tree = open(&files, config(RecoveryMode::Strict)).unwrap();
        keep();
        tree.append(&leaves[..150]).submit().unwrap();
        if checkpointed {
            tree.checkpoint().unwrap();
        }
        keep();
        tree.append(&leaves[150..300])
            .metadata(&metadata)
            .submit()
            .unwrap();
        tree.flush().unwrap();
        keep();
        for &leaf in &leaves[300..320] {
            tree.insert(leaf).unwrap().1.wait().unwrap();
        }
        keep();
        tree.append(&leaves[320..429]).submit().unwrap();
        tree.flush().unwrap();
        keep();
        // In a segment that has just been started, so that nothing behind this group attests it.
        tree.insert(leaves[429]).unwrap().1.wait().unwrap();
        if closed {
            tree.close().unwrap();
            let sample = Self {
                files: files.settled(),
                leaves,
                metadata,
                closed,
            };
            return (sample, manifests);
        }
        // The last sync is attested by nothing yet: a mark stands for the group or the tick that
        // would follow.
        if attested {
            tree.append(&[]).metadata(&metadata).submit().unwrap();
            tree.flush().unwrap();
        }
        let files_now = files.settled();
        drop(tree);
        let sample = Self {
            files: files_now,
            leaves,
            metadata,
            closed,
        };
        (sample, manifests)
    }

    pub(crate) fn copy(&self) -> SimFiles {
        self.files.settled()
    }

    pub(crate) fn list(&self) -> Vec<PathBuf> {
        self.files.list_files()
    }

    /// Every node, every leaf, the metadata.
    fn is_whole(&self, tree: &Tree) -> bool {
        let snapshot = tree.snapshot();
        snapshot.size() == self.leaves.len() as u64
            && snapshot.metadata() == Some(&self.metadata)
            && self.nodes_are_right(tree)
    }

    /// The tree is that of a prefix of the leaves, in every node.
    fn nodes_are_right(&self, tree: &Tree) -> bool {
        let snapshot = tree.snapshot();
        let Some(prefix) = self.leaves.get(..snapshot.size() as usize) else {
            return false;
        };
        reference::levels(&Blake3Hasher, 2, prefix)
            .iter()
            .enumerate()
            .all(|(k, level)| {
                let mut nodes = vec![[0; 32]; level.len()];
                snapshot.read_nodes(k, 0, &mut nodes).is_ok() && nodes == *level
            })
    }

    /// The outcomes of both modes for damaged files. `tail_may_go` says whether an unclean tail may
    /// be lost without a trace.
    pub(crate) fn judge(&self, damaged: &SimFiles, told: &str, tail_may_go: bool) -> Outcome {
        let strict = open(&damaged.settled(), config(RecoveryMode::Strict));
        let strict_opened = strict.is_ok();
        if let Ok(tree) = strict {
            assert!(
                self.is_whole(&tree) || tail_may_go && self.nodes_are_right(&tree),
                "{told}: strict mode opened something else"
            );
        }
        let before = damaged.settled();
        match open(&before, config(RecoveryMode::StopAtLastValid)) {
            Err(error) => {
                assert!(
                    !strict_opened,
                    "{told}: strict opened what the default refused: {error}"
                );
                assert_sentence(&error, told);
                Outcome::Refused
            }
            Ok(tree) => {
                assert!(self.nodes_are_right(&tree), "{told}: not a prefix");
                assert!(tree.size() > 0, "{told}: an empty tree where there was one");
                let report = tree.recovery_report();
                assert_eq!(report.size, tree.size(), "{told}");
                if self.is_whole(&tree) {
                    let is_told = report.damage.is_some()
                        || report.tear.is_some()
                        || !report.restored_headers.is_empty();
                    return if is_told {
                        Outcome::Told
                    } else {
                        Outcome::Whole
                    };
                }
                assert!(
                    report.damage.is_some() || tail_may_go,
                    "{told}: {} leaves, and nothing said",
                    tree.size()
                );
                if let Some(damage) = report.damage {
                    // Without its header, a segment does not tell its durable part.
                    assert!(
                        damage.valid_sequence <= damage.durable_sequence || damage.at.offset == 0,
                        "{told}"
                    );
                    let kept: Vec<_> = before
                        .list_files()
                        .into_iter()
                        .filter(|path| path.to_string_lossy().contains("aside"))
                        .collect();
                    assert_eq!(
                        kept.len(),
                        damage.quarantined.len(),
                        "{told}: {kept:?} {damage:?}"
                    );
                    assert_eq!(damage.valid_size, tree.size(), "{told}");
                    let lost = damage.lost.map(|head| (head.size, Some(head.root)));
                    if self.closed {
                        // An orderly close knows the very head.
                        let head = reference::root(&Blake3Hasher, 2, &self.leaves);
                        assert_eq!(lost, Some((self.leaves.len() as u64, head)), "{told}");
                    } else if let Some((size, root)) = lost {
                        let prefix = &self.leaves[..size as usize];
                        assert_eq!(root, reference::root(&Blake3Hasher, 2, prefix), "{told}");
                    }
                    self.tells_the_cut_until_it_is_acknowledged(&before, tree, &damage, told);
                }
                Outcome::Cut
            }
        }
    }

    /// The cut bytes are dead, so that later openings find no damage; and they report the cut.
    fn tells_the_cut_until_it_is_acknowledged(
        &self,
        files: &SimFiles,
        tree: Tree,
        damage: &Damage,
        told: &str,
    ) {
        let cuts = tree.recovery_report().cuts;
        let [cut] = &cuts[..] else {
            panic!("{told}: {cuts:?}");
        };
        let kept = (cut.kept_sequence, cut.kept.size, cut.attested, cut.lost);
        let expected = (
            damage.valid_sequence,
            tree.size(),
            damage.durable_sequence,
            damage.lost,
        );
        assert_eq!(kept, expected, "{told}");
        assert_eq!(cut.file_count as usize, damage.quarantined.len(), "{told}");
        for (label, place) in cut.files.iter().zip(&damage.quarantined) {
            assert!(place.contains(label), "{told}: {label} in {place}");
        }
        drop(tree);
        let again = open(files, config(RecoveryMode::Strict)).unwrap();
        let report = again.recovery_report();
        assert!(
            self.nodes_are_right(&again) && report.damage.is_none(),
            "{told}"
        );
        assert_eq!(report.cuts, cuts, "{told}");
        assert_eq!(again.acknowledge_cuts().unwrap(), cuts, "{told}");
        assert_eq!(again.recovery_report().cuts, [], "{told}");
        drop(again);
        let last = open(files, config(RecoveryMode::Strict)).unwrap();
        assert_eq!(last.recovery_report().cuts, [], "{told}");
    }

    /// Reads chunk by chunk, as a store that was opened without verification does.
    pub(crate) fn reads_no_wrong_node(&self, damaged: &SimFiles, reads: Reads, told: &str) {
        let unverified = config(RecoveryMode::StopAtLastValid)
            .verify_checkpoint(false)
            .reads(reads);
        let Ok(tree) = open(&damaged.settled(), unverified) else {
            return;
        };
        let snapshot = tree.snapshot();
        let Some(prefix) = self.leaves.get(..snapshot.size() as usize) else {
            panic!("{told}: too many leaves")
        };
        for (k, level) in reference::levels(&Blake3Hasher, 2, prefix)
            .iter()
            .enumerate()
        {
            for (index, expected) in level.iter().enumerate() {
                if let Ok(node) = snapshot.get_node(k, index as u64) {
                    assert_eq!(&node, expected, "{told}: node {index} of level {k}");
                }
            }
        }
    }
}

/// The outcome of the default mode for damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The identical tree, and nothing said.
    Whole,
    /// The identical tree, and the damage told: nothing was lost by it.
    Told,
    Cut,
    Refused,
}

/// An error says what failed and where.
fn assert_sentence(error: &RotorTreeError, told: &str) {
    let text = error.to_string();
    assert!(text.len() > 30 && text.contains("tree"), "{told}: {text}");
}
