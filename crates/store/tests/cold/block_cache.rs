//! What recomputed nodes cost: hashes, blocks and chunks, counted; and the bounds of the cache.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rotortree_hasher::{Hash, Hasher, ToyHasher};
use rotortree_lean_imt::{TreeSnapshot, reference::sample_leaves};
use rotortree_store::{
    cold::{BlockCache, ColdNodes, load_nodes},
    storage::Reads,
};

use super::store::{DEPTH, Store, Tree, open_with};

/// The toy hasher, counting its hashes, which panics when told to.
#[derive(Clone, Default)]
struct Counting {
    hashes: Arc<AtomicU64>,
    panics: Arc<AtomicBool>,
}

impl Counting {
    fn take(&self) -> u64 {
        self.hashes.swap(0, Ordering::Relaxed)
    }
}

impl Hasher for Counting {
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        self.hashes.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics.load(Ordering::Relaxed), "a planned panic");
        ToyHasher::new().hash_children(children)
    }
}

/// A stored tree as it is opened, with its counters.
struct Opened<const N: usize> {
    store: Store,
    cache: Arc<BlockCache>,
    hasher: Counting,
    snapshot: TreeSnapshot<N, DEPTH>,
}

impl<const N: usize> Opened<N> {
    fn new(leaves: u64, stride: usize, cache_bytes: usize, reads: Reads) -> Self {
        let mut tree = Tree::<N>::new(ToyHasher::new());
        tree.insert_many(&sample_leaves(1, leaves as usize))
            .unwrap();
        let mut store = Store::new(N).striding(stride);
        store.checkpoint(&tree.snapshot()).unwrap();
        let cache = BlockCache::new(cache_bytes, None);
        let hasher = Counting::default();
        let cold = open_with(&store, reads, hasher.clone(), Arc::clone(&cache)).unwrap();
        let nodes = load_nodes(cold, &store.manifest, usize::MAX).unwrap();
        let tree = Tree::<N, _>::from_nodes(hasher.clone(), nodes, leaves, None).unwrap();
        let opened = Self {
            store,
            cache,
            hasher,
            snapshot: tree.snapshot(),
        };
        opened.counts();
        opened
    }

    /// Hashes and chunks read since the call before.
    fn counts(&self) -> (u64, usize) {
        (self.hasher.take(), self.store.place.take_chunk_reads())
    }

    fn prove(&self, leaf: u64) -> (u64, usize) {
        let proof = self.snapshot.generate_proof(leaf).unwrap();
        let counts = self.counts();
        let head = self.snapshot.head().unwrap();
        proof.verify_against(&ToyHasher::new(), head).unwrap();
        counts
    }
}

const MIB: usize = 1 << 20;
/// Room for all inner nodes of 512 blocks of pairs.
const ROOM: usize = 10 * MIB;

#[test]
fn a_proof_hashes_one_block_for_each_stored_level_that_is_not_cached() {
    // Levels 0 and 7 have chunks; level 14 has 4 nodes, in memory.
    let tree = Opened::<2>::new(65_536 + 77, 7, ROOM, Reads::Positioned);
    assert_eq!(
        tree.prove(1_000),
        (2 * 126, 2),
        "a block and a chunk of each"
    );
    assert_eq!(
        tree.prove(1_000),
        (0, 0),
        "the shards remember their last chunk"
    );
    assert_eq!(tree.prove(1_023), (0, 0), "the same block of leaves");
    assert_eq!(
        tree.prove(1_024),
        (126, 1),
        "another block of leaves, the same above"
    );
    assert_eq!(tree.prove(60_000), (2 * 126, 2));
    assert_eq!(
        tree.prove(65_600),
        (0, 0),
        "behind the chunks everything is in memory"
    );
    assert_eq!(tree.cache.recomputed(), 5);

    let tree = Opened::<4>::new(65_536, 3, ROOM, Reads::Positioned);
    // Levels 0 and 3 have chunks; 65,536 = 4^8.
    assert_eq!(tree.prove(1_000), (2 * 20, 2));
    assert_eq!(tree.prove(1_001), (0, 0));
    assert_eq!(tree.prove(1_023), (0, 0), "blocks have 64 leaves");
    assert_eq!(tree.prove(1_024), (20, 1));

    let tree = Opened::<2>::new(65_536, 1, MIB, Reads::Positioned);
    assert_eq!(tree.prove(1_000), (0, 10), "all levels are stored");
    assert_eq!(tree.cache.recomputed(), 0);
}

#[test]
fn snapshots_and_consistency_proofs_hash_one_block_for_each_stored_level() {
    let tree = Opened::<2>::new(65_536, 7, ROOM, Reads::Positioned);
    let old = tree.snapshot.snapshot_at(40_001 + 64).unwrap();
    let (hashes, chunks) = tree.counts();
    // Besides the blocks it hashes at most one edge node a level.
    assert!(
        (126..=2 * 126 + 16).contains(&hashes) && chunks <= 2,
        "{hashes}, {chunks}"
    );
    tree.cache.release();
    tree.snapshot
        .generate_consistency_proof(old.size(), old.root().unwrap())
        .unwrap();
    let (hashes, chunks) = tree.counts();
    // The proof is verified before it is given away: at most two hashes a level.
    assert!(
        (126..=2 * 126 + 32).contains(&hashes) && chunks <= 2,
        "{hashes}, {chunks}"
    );
}

#[test]
fn without_room_a_node_costs_what_stands_below_it() {
    let tree = Opened::<2>::new(65_536, 7, 0, Reads::Mapped);
    for level in 0..16 {
        tree.snapshot.get_node(level, 1).unwrap();
        let below = level % 7;
        // Level 9 and those above it are in memory, as far as no whole block has them.
        let expected = if level < 14 { (1 << below) - 1 } else { 0 };
        assert_eq!(tree.counts().0, expected, "level {level}");
    }
    assert_eq!(tree.cache.bytes(), 0);
    // A proof reads all levels of a block, which is hashed once for all of them.
    assert_eq!(tree.prove(1_000).0, 2 * 126);
    assert_eq!(tree.prove(1_000).0, 2 * 126);
    assert_eq!(tree.cache.bytes(), 0);
}

#[test]
fn a_multiproof_hashes_each_of_its_blocks_once_however_small_the_cache_is() {
    let leaves: Vec<u64> = (0..65_536).step_by(100).collect();
    for cache in [0, 20 << 10, MIB, ROOM] {
        let tree = Opened::<2>::new(65_536, 7, cache, Reads::Mapped);
        let proof = tree.snapshot.generate_multiproof(&leaves).unwrap();
        let (hashes, _) = tree.counts();
        assert!(
            hashes <= (512 + 4) * 126,
            "{hashes} hashes with {cache} bytes"
        );
        let head = tree.snapshot.head().unwrap();
        proof.verify_against(&ToyHasher::new(), head).unwrap();
    }
}

#[test]
fn a_long_run_goes_past_the_cache() {
    let tree = Opened::<2>::new(65_536, 7, ROOM, Reads::Positioned);
    let mut nodes = vec![[0; 32]; 16_000];
    tree.snapshot.read_nodes(2, 100, &mut nodes).unwrap();
    let (hashes, chunks) = tree.counts();
    assert_eq!(hashes, 3 * 16_000, "the nodes and their children");
    // 64,000 leaves, in pieces whose first and last chunk may be read twice.
    assert!((500..530).contains(&chunks), "{chunks} chunks");
    assert_eq!(tree.cache.bytes(), 0);
}

#[test]
fn what_is_below_a_crown_is_hashed_from_few_nodes() {
    // Room for levels 3 to 6 of 512 blocks, which have 30 nodes, and no more.
    let tree = Opened::<2>::new(65_536, 7, 2_100_000, Reads::Positioned);
    assert_eq!(tree.prove(1_000), (2 * 126, 2), "both blocks are whole");
    for leaf in [1_000, 1_007, 1_008, 1_023] {
        assert_eq!(
            tree.prove(leaf),
            (4 + 2, 0),
            "8 leaves, in the chunk of the leaf"
        );
    }
    // Nodes of the crown take no hash and no chunk.
    for (level, hashes) in [(1, 1), (2, 3), (3, 0), (6, 0)] {
        tree.snapshot.get_node(level, 960 >> level).unwrap();
        assert_eq!(tree.counts(), (hashes, 0), "level {level}");
    }
    assert_eq!(
        tree.cache.recomputed(),
        2,
        "a crown is not a block that is not there"
    );

    // Level 2 of 1024 blocks, and the leaves below a group of it.
    let tree = Opened::<4>::new(65_536, 3, 900_000, Reads::Positioned);
    assert_eq!(tree.prove(1_000), (2 * 20, 2));
    assert_eq!(tree.prove(1_000), (4, 0));

    // A multiproof hashes what lies between its leaves once.
    let tree = Opened::<2>::new(65_536, 7, 2_100_000, Reads::Mapped);
    tree.prove(1_000);
    tree.snapshot.generate_multiproof(&[896, 905, 911]).unwrap();
    assert_eq!(tree.counts().0, 8 + 4);
}

#[test]
fn a_tree_that_grows_is_given_smaller_crowns() {
    let leaves = sample_leaves(1, 70_000);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    let mut store = Store::new(2).striding(7);
    let cache = BlockCache::new(2_160_000, None);
    let hasher = Counting::default();
    let mut cold: Option<Arc<ColdNodes>> = None;
    // What a proof hashes that finds its blocks in the cache.
    let mut hashes = Vec::new();
    for size in [10_000, 20_000, 40_000, 70_000] {
        tree.insert_many(&leaves[tree.size() as usize..size])
            .unwrap();
        store.checkpoint(&tree.snapshot()).unwrap();
        let grown = match cold {
            Some(cold) => cold.extend(&store.manifest).unwrap(),
            None => open_with(&store, Reads::Mapped, hasher.clone(), Arc::clone(&cache)).unwrap(),
        };
        let nodes = load_nodes(Arc::clone(&grown), &store.manifest, usize::MAX).unwrap();
        let stored = Tree::<2, _>::from_nodes(hasher.clone(), nodes, size as u64, None).unwrap();
        // A leaf that is new, twice.
        for leaf in [size as u64 - 300; 2] {
            hasher.take();
            let proof = stored.snapshot().generate_proof(leaf).unwrap();
            assert_eq!(proof, tree.snapshot().generate_proof(leaf).unwrap());
        }
        hashes.push(hasher.take());
        assert!(cache.bytes() <= 2_160_000 / 3, "{} bytes", cache.bytes());
        cold = Some(grown);
    }
    assert_eq!(hashes, [0, 1, 6, 14]);
}

#[test]
fn the_cache_keeps_its_bound_and_leaves_leave_a_quarter_of_it() {
    for bytes in [1, 300, 4_000, 4_200, 17_000, 40_000, 300_000] {
        let tree = Opened::<2>::new(300_000, 7, bytes, Reads::Mapped);
        for leaf in (0..300_000).step_by(97) {
            tree.prove(leaf);
            assert!(
                tree.cache.bytes() <= bytes as u64,
                "{} of {bytes}",
                tree.cache.bytes()
            );
        }
    }
    // All blocks above the leaves fit, with levels 3 to 6; proofs of random leaves do not drive
    // them out.
    let tree = Opened::<2>::new(300_000, 7, 200_000, Reads::Mapped);
    for leaf in (0..300_000).step_by(97) {
        tree.prove(leaf);
    }
    assert!(tree.cache.bytes() > 150_000);
    let blocks = tree.cache.recomputed();
    for leaf in (0..299_000).step_by(12_345) {
        assert!(
            tree.prove(leaf).0 <= 126 + 6,
            "only the block of the leaf is hashed"
        );
    }
    let more = tree.cache.recomputed() - blocks;
    assert!(more <= 25, "{more} blocks");
    tree.cache.release();
    assert_eq!(tree.cache.bytes(), 0);
}

#[test]
fn a_hasher_that_panics_leaves_the_cache_and_the_tree_usable() {
    let tree = Opened::<2>::new(65_536, 7, ROOM, Reads::Mapped);
    tree.prove(1_000);
    for _ in 0..3 {
        tree.hasher.panics.store(true, Ordering::Relaxed);
        let proved = catch_unwind(AssertUnwindSafe(|| {
            tree.snapshot.generate_proof(40_000).map(drop)
        }));
        assert!(proved.is_err(), "the panic goes through");
        assert_eq!(
            tree.prove(1_000),
            (1, 0),
            "what is cached is served; one hash was tried"
        );
        tree.hasher.panics.store(false, Ordering::Relaxed);
    }
    assert_eq!(tree.prove(40_000).0, 2 * 126);
    assert_eq!(tree.prove(40_000).0, 0);
}
