//! Opens an image and compares the tree with the history.

use std::collections::HashMap;

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{TreeSnapshot, reference};
use rotortree_store::{RecoveryMode, test_util::sim_files::SimFiles};

use super::workload::{History, Tree, config, storage};

/// Reference levels per size, which many images share.
#[derive(Default)]
pub(crate) struct Reference {
    levels: HashMap<(usize, usize), Vec<Vec<Hash>>>,
}

impl Reference {
    /// Every node of `snapshot` is the reference's, and the last leaf has a proof.
    pub(crate) fn assert_equals<const N: usize>(
        &mut self,
        snapshot: &TreeSnapshot<N, 32>,
        leaves: &[Hash],
    ) {
        let levels = self
            .levels
            .entry((N, leaves.len()))
            .or_insert_with(|| reference::levels(&Blake3Hasher, N, leaves));
        for (k, level) in levels.iter().enumerate() {
            let mut nodes = vec![[0; 32]; level.len()];
            snapshot.read_nodes(k, 0, &mut nodes).unwrap();
            assert_eq!(&nodes, level, "level {k} at size {}", leaves.len());
        }
        if let Some(last) = leaves.len().checked_sub(1) {
            let proof = snapshot.generate_proof(last as u64).unwrap();
            proof
                .verify_against(&Blake3Hasher, snapshot.head().unwrap())
                .unwrap();
        }
    }
}

/// Opens the state after a crash and checks promises 2 and 3: a prefix at a batch end, at least as
/// long as the durable one, every node the reference's. A crash is never damage, so the strict mode
/// must open it too. Returns the tree and the index of its state.
pub(crate) fn recover<const N: usize>(
    files: &SimFiles,
    history: &History,
    bounds: (usize, usize),
    reference: &mut Reference,
) -> (Tree<N>, usize) {
    let config = config::<N>().recovery(RecoveryMode::Strict);
    let engine = config
        .storage(storage(files))
        .open(Blake3Hasher)
        .unwrap_or_else(|error| panic!("a crash was called {error}"));
    let snapshot = engine.snapshot();
    let (durable, accepted) = bounds;
    let metadata = snapshot.metadata().map(<[u8]>::to_vec);
    let found = (durable..=accepted)
        .find(|&at| history.states[at].size == snapshot.size() && history.states[at].metadata == metadata)
        .unwrap_or_else(|| {
            panic!(
                "recovered {} leaves and metadata {metadata:?}, which is no state from {:?} to {:?}",
                snapshot.size(),
                history.states[durable],
                history.states[accepted]
            )
        });
    reference.assert_equals(&snapshot, &history.leaves[..snapshot.size() as usize]);
    assert_eq!(engine.durable_snapshot().head(), snapshot.head());
    (engine, found)
}
