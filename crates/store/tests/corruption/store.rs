//! Small stores with everything in them, and what an opened copy may be.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, Engine, EngineConfig, FlushPolicy, RecoveryMode, RotorTreeError,
    fs::FsStorage,
    storage::{Reads, Storage},
    test_util::{sim_files::SimFiles, watchdog::limit_this_process},
};

pub(crate) type Tree = Engine<Blake3Hasher, 2, 32>;

pub(crate) fn config(recovery: RecoveryMode) -> EngineConfig {
    limit_this_process();
    EngineConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        segment_bytes: 4096,
        recovery,
        ..EngineConfig::default()
    }
}

pub(crate) fn open(files: &SimFiles, config: EngineConfig) -> Result<Tree, RotorTreeError> {
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    Tree::open(Blake3Hasher, storage, config)
}

/// A store as it stands on disk, and the leaves that are durable in it.
pub(crate) struct Sample {
    pub(crate) files: SimFiles,
    pub(crate) leaves: Vec<Hash>,
    pub(crate) metadata: Vec<u8>,
}

impl Sample {
    /// Whole chunks, tails, a log of several segments, several groups in each, metadata.
    pub(crate) fn new(seed: u64, closed: bool) -> Self {
        Self::with_earlier_manifests(seed, closed).0
    }

    /// The same, and the manifest as it was after each step.
    pub(crate) fn with_earlier_manifests(seed: u64, closed: bool) -> (Self, Vec<Vec<u8>>) {
        let files = SimFiles::new();
        let mut manifests = Vec::new();
        let mut keep = || manifests.push(files.read_file("/tree/MANIFEST").unwrap());
        let leaves = reference::sample_leaves(seed, 430);
        let metadata = format!("block {seed}").into_bytes();
        let tree = open(&files, config(RecoveryMode::Strict)).unwrap();
        keep();
        tree.append(&leaves[..150]).submit().unwrap();
        tree.checkpoint().unwrap();
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
            };
            return (sample, manifests);
        }
        // The last sync is attested by nothing yet: a mark stands for the group or the tick that would follow.
        tree.append(&[]).metadata(&metadata).submit().unwrap();
        tree.flush().unwrap();
        let files_now = files.settled();
        drop(tree);
        let sample = Self {
            files: files_now,
            leaves,
            metadata,
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

    /// What both modes make of damaged files. `noticed` is whether an unclean tail may have been lost without a trace.
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
                let report = tree.recovery_report();
                if self.is_whole(&tree) {
                    let is_told = report.damage.is_some() || report.tear.is_some();
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
                    // Of a segment without its header it cannot be known what was durable.
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
                        damage.kept_aside.len(),
                        "{told}: {kept:?} {damage:?}"
                    );
                    // What was cut is dead: the next opening finds nothing wrong.
                    drop(tree);
                    let again = open(&before, config(RecoveryMode::Strict)).unwrap();
                    assert!(
                        self.nodes_are_right(&again) && again.recovery_report().damage.is_none(),
                        "{told}"
                    );
                }
                Outcome::Cut
            }
        }
    }

    /// Reads chunk by chunk, as a store that was opened without verification does.
    pub(crate) fn reads_no_wrong_node(&self, damaged: &SimFiles, reads: Reads, told: &str) {
        let unverified = EngineConfig {
            verify_checkpoint: false,
            reads,
            ..config(RecoveryMode::StopAtLastValid)
        };
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

/// What the default mode made of damage.
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

/// Seconds that a test of this program may take: some of CI's time, or as much as every bit needs on a busy machine.
fn limit() -> u64 {
    if std::env::var("ROTORTREE_ALL_BITS").is_ok() {
        7200
    } else {
        600
    }
}

/// Ends the process if a test hangs.
pub(crate) struct Watchdog(Arc<AtomicBool>);

impl Watchdog {
    pub(crate) fn start() -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let (started, limit) = (Instant::now(), Duration::from_secs(limit()));
        let name = thread::current().name().unwrap_or_default().to_owned();
        thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                if started.elapsed() > limit {
                    println!("hangs: {name}");
                    std::process::abort();
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self(done)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
