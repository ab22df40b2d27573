//! [`Checker`]: opens the directory of a killed process and compares it with a tree in memory.

use std::{
    path::Path,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
};

use rotortree::{Blake3Hasher, LeanIMT, TreeHead};

use crate::common::{PATIENCE, Tree, leaves, quiet};

/// The tree that every tree of a campaign is a prefix of, or will be once it has grown.
///
/// Leaves are a function of their index alone, so one tree in memory, which only ever grows, has
/// the head of every prefix.
pub(crate) struct Checker<const N: usize> {
    expected: LeanIMT<Blake3Hasher, N, 32>,
}

impl<const N: usize> Checker<N> {
    pub(crate) fn new() -> Self {
        Self {
            expected: LeanIMT::new(Blake3Hasher),
        }
    }

    /// The head of the first `size` leaves.
    fn head(&mut self, size: u64) -> Option<TreeHead> {
        let there = self.expected.size();
        if there < size {
            self.expected.insert_many(&leaves(there..size)).unwrap();
        }
        let snapshot = self.expected.snapshot();
        snapshot.snapshot_at(size).unwrap().head()
    }

    /// Opens the tree and checks that it is a prefix that contains everything told; its size.
    pub(crate) fn check(&mut self, dir: &Path, told: &[TreeHead], metadata: bool) -> u64 {
        let tree = Tree::<N>::open(Blake3Hasher, quiet(dir)).unwrap();
        let report = tree.recovery_report();
        assert_eq!(report.damage, None, "{report:?}");
        let size = tree.size();
        assert_eq!(tree.head(), self.head(size), "{report:?}");
        assert_eq!(tree.durable_snapshot().head(), tree.head());
        let snapshot = tree.snapshot();
        let longest = told.iter().map(|head| head.size).max();
        assert!(
            longest.is_none_or(|longest| longest <= size),
            "{longest:?} was durable, {size} are there"
        );
        for head in told {
            assert_eq!(snapshot.snapshot_at(head.size).unwrap().head(), Some(*head));
        }
        // An entry's metadata and its leaves are there together.
        let reached = (metadata && size > 0).then(|| size.to_le_bytes().to_vec());
        assert_eq!(tree.metadata(), reached);
        tree.verify().unwrap();
        for index in [0, size / 2, size.saturating_sub(1)] {
            if let Some(head) = tree.head() {
                let proof = snapshot.generate_proof(index).unwrap();
                proof.verify_against(&Blake3Hasher, head).unwrap();
            }
        }
        tree.close().unwrap();
        size
    }
}

/// Runs a check on a thread of its own, and fails instead of hanging if it does not end.
pub(crate) fn watched(check: impl FnOnce() -> u64 + Send) -> u64 {
    thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        scope.spawn(move || sender.send(check()));
        match done.recv_timeout(PATIENCE * 2) {
            Ok(size) => size,
            Err(RecvTimeoutError::Disconnected) => panic!("the check failed"),
            Err(RecvTimeoutError::Timeout) => {
                eprintln!("opening and checking the tree did not end");
                // The thread that hangs would keep this one from failing.
                std::process::abort()
            }
        }
    })
}
