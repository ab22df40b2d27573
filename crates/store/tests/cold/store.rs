//! [`Store`]: a place and its manifest, and the comparison with the reference tree.

use std::{ops::ControlFlow, sync::Arc};

use rotortree_hasher::{Hash, Hasher, ToyHasher};
use rotortree_lean_imt::{LeanIMT, MemoryNodes, SharedHasher, TreeSnapshot, reference};
use rotortree_store::{
    StorageError,
    checkpoint::{CheckpointFailure, WrittenLevels, write_nodes},
    chunk::SHARD_CHUNKS,
    cold::{BlockCache, ColdNodes, load_nodes},
    manifest::Manifest,
    storage::{Reads, Storage},
    test_util::watchdog::limit_this_process,
};
use rotortree_wal::Position;

use super::place::TestPlace;

pub(crate) const DEPTH: usize = 40;
pub(crate) type Tree<const N: usize, H = ToyHasher> = LeanIMT<H, N, DEPTH>;

pub(crate) struct Store {
    /// The place behind `storage`, unless the test brought its own storage.
    pub(crate) place: TestPlace,
    is_test_place: bool,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) manifest: Manifest,
}

/// The manifest of a new tree.
pub(crate) fn empty_manifest(arity: usize) -> Manifest {
    Manifest {
        tree_id: *b"the test's tree.",
        arity: arity as u32,
        max_depth: DEPTH as u32,
        fingerprint: ToyHasher::new().fingerprint(arity),
        ..Manifest::empty()
    }
}

pub(crate) fn go_on(_: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

impl Store {
    pub(crate) fn new(arity: usize) -> Self {
        Self::with_shard_chunks(arity, SHARD_CHUNKS)
    }

    pub(crate) fn with_shard_chunks(arity: usize, shard_chunks: u64) -> Self {
        limit_this_process();
        let place = TestPlace::new(shard_chunks);
        Self {
            storage: Arc::new(place.clone()),
            place,
            is_test_place: true,
            manifest: empty_manifest(arity),
        }
    }

    /// With every `stride`-th level stored.
    pub(crate) fn striding(mut self, stride: usize) -> Self {
        self.manifest.stride = stride as u32;
        self
    }

    /// On a storage of the test's own.
    pub(crate) fn on(arity: usize, storage: Arc<dyn Storage>) -> Self {
        Self {
            place: TestPlace::new(SHARD_CHUNKS),
            is_test_place: false,
            storage,
            manifest: empty_manifest(arity),
        }
    }

    /// A store with one checkpoint, of the tree over `leaves`.
    pub(crate) fn of<const N: usize>(leaves: &[Hash]) -> (Self, TreeSnapshot<N, DEPTH>) {
        let mut tree = Tree::<N>::new(ToyHasher::new());
        tree.insert_many(leaves).unwrap();
        let mut store = Self::new(N);
        store.checkpoint(&tree.snapshot()).unwrap();
        (store, tree.snapshot())
    }

    pub(crate) fn checkpoint<const N: usize, const MAX_DEPTH: usize>(
        &mut self,
        snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    ) -> Result<(), CheckpointFailure> {
        let written = write_nodes(&*self.storage, &self.manifest, snapshot, &mut go_on)?;
        self.commit(snapshot, written);
        Ok(())
    }

    /// Puts the manifest of a checkpoint whose nodes were written in force, as bytes.
    pub(crate) fn commit<const N: usize, const MAX_DEPTH: usize>(
        &mut self,
        snapshot: &TreeSnapshot<N, MAX_DEPTH>,
        written: WrittenLevels,
    ) {
        let manifest = Manifest {
            generation: self.manifest.generation + 1,
            size: snapshot.size(),
            root: snapshot.root().unwrap_or_default(),
            locator: written.locator,
            levels: written.tails,
            durable: Position {
                sequence: self.manifest.sequence,
                size: snapshot.size(),
                root: snapshot.root().unwrap_or_default(),
            },
            ..self.manifest.clone()
        };
        self.manifest = Manifest::decode("manifest", &manifest.encode()).unwrap();
        if self.is_test_place {
            self.place.commit(&self.manifest);
        }
    }

    pub(crate) fn cold(&self, reads: Reads) -> Arc<ColdNodes> {
        open_cold(&self.storage, &self.manifest, reads).unwrap()
    }

    pub(crate) fn nodes(&self, reads: Reads, pin_above_level: usize) -> MemoryNodes {
        load_nodes(self.cold(reads), &self.manifest, pin_above_level).unwrap()
    }

    /// The tree as it comes back from storage.
    pub(crate) fn reopen<const N: usize, H: Hasher>(
        &self,
        hasher: H,
        reads: Reads,
        pin_above_level: usize,
    ) -> Tree<N, H> {
        let nodes = self.nodes(reads, pin_above_level);
        let tree = Tree::from_nodes(hasher, nodes, self.manifest.size, None).unwrap();
        assert_eq!(tree.root().unwrap_or_default(), self.manifest.root);
        tree
    }
}

/// The nodes in the chunks of a store.
pub(crate) fn open_with<H: Hasher>(
    store: &Store,
    reads: Reads,
    hasher: H,
    cache: Arc<BlockCache>,
) -> Result<Arc<ColdNodes>, StorageError> {
    let hasher = SharedHasher::new(hasher);
    ColdNodes::open(&store.storage, &store.manifest, reads, hasher, cache)
}

/// The nodes in the chunks of a manifest, with a small cache.
pub(crate) fn open_cold(
    storage: &Arc<dyn Storage>,
    manifest: &Manifest,
    reads: Reads,
) -> Result<Arc<ColdNodes>, StorageError> {
    let hasher = SharedHasher::new(ToyHasher::new());
    ColdNodes::open(
        storage,
        manifest,
        reads,
        hasher,
        BlockCache::new(64 << 10, None),
    )
}

/// Every node of the reference tree over the first `size` leaves.
pub(crate) fn expected(arity: usize, leaves: &[Hash], size: u64) -> Vec<Vec<Hash>> {
    reference::levels(&ToyHasher::new(), arity, &leaves[..size as usize])
}

/// Compares every node of a snapshot with the reference tree's.
pub(crate) fn assert_nodes<const N: usize, const MAX_DEPTH: usize>(
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    expected: &[Vec<Hash>],
) {
    assert_eq!(snapshot.size(), expected[0].len() as u64);
    let root = expected.last().and_then(|level| level.first());
    assert_eq!(snapshot.root().as_ref(), root);
    assert_eq!(snapshot.depth() + 1, expected.len());
    let mut nodes = Vec::new();
    for (level, expected) in expected.iter().enumerate() {
        assert_eq!(snapshot.level_len(level), expected.len() as u64);
        nodes.resize(expected.len(), [0; 32]);
        snapshot.read_nodes(level, 0, &mut nodes).unwrap();
        assert!(
            nodes == *expected,
            "level {level} at size {} differs from node {:?} on",
            snapshot.size(),
            nodes.iter().zip(expected).position(|(a, b)| a != b),
        );
        // Singly as well, around the places where a chunk, a shard or the tail begins.
        for at in (0..expected.len()).filter(|at| [0, 1, 80, 127].contains(&(at % 128))) {
            assert_eq!(snapshot.get_node(level, at as u64).unwrap(), expected[at]);
        }
    }
}
