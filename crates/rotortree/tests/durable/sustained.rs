//! Readers that prove and verify while the tree is written to at full speed, with checkpoints,
//! remaps and rotations all the time.
//!
//! Some seconds in all; `ROTORTREE_SUSTAINED_SECONDS` makes it longer.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, Hash, Reads, RotorTreeConfig, TieringConfig,
    TreeHead, lean_imt::LeanIMT,
};

use crate::support::{Tree, leaf, quiet};

const N: usize = 3;

type Snapshot = Arc<rotortree::TreeSnapshot<N, 32>>;

/// One round lasts until it has seen all of this, on a machine of any speed, and at least its time.
const CHECKPOINTS: u64 = 4;
const ROTATIONS: u64 = 4;
const PROOFS: u64 = 300;
const HELD: u64 = 3;

/// The state that the threads of a round share.
struct Round<'a> {
    tree: &'a Tree<N>,
    stop: AtomicBool,
    /// Roots by size, as the inserts returned them.
    roots: Mutex<BTreeMap<u64, Hash>>,
    proofs: AtomicU64,
    held: AtomicU64,
}

/// Stops the others also when a thread panics: the scope waits for them.
struct StopAll<'a>(&'a AtomicBool);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Numbers that look random, and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

impl Round<'_> {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn note(&self, head: Option<TreeHead>) {
        let head = head.unwrap();
        self.roots.lock().unwrap().insert(head.size, head.root);
    }

    /// Single leaves, some of them waited for.
    fn write_leaves(&self) {
        let _stop = StopAll(&self.stop);
        let mut next = 0;
        while self.goes_on() {
            let (_, token) = self.tree.insert(leaf(next)).unwrap();
            self.note(token.head());
            if next % 100 == 0 {
                token.wait().unwrap();
                let range = token.leaf_range();
                assert!(self.tree.durable_size() >= range.end);
            }
            next += 1;
        }
    }

    /// Batches of all sizes, some of them with metadata, some of them larger than the bound on what
    /// waits for the disk.
    fn write_batches(&self) {
        let _stop = StopAll(&self.stop);
        let mut numbers = Numbers(1);
        let mut next = 1 << 40;
        while self.goes_on() {
            let len = match numbers.below(20) {
                0 => 3000,
                1..5 => 700,
                _ => 1 + numbers.below(60),
            };
            let batch: Vec<Hash> = (next..next + len).map(leaf).collect();
            next += len;
            let token = if len % 2 == 0 {
                self.tree.insert_many(&batch).unwrap().1
            } else {
                let metadata = next.to_le_bytes();
                self.tree
                    .insert_many_with_metadata(&batch, &metadata)
                    .unwrap()
                    .1
            };
            self.note(token.head());
            if numbers.below(10) == 0 {
                token.wait().unwrap();
            }
            // Room for the other writer and the readers on a small machine.
            thread::yield_now();
        }
    }

    /// Proofs of everything that a snapshot can prove, each held against heads that other threads
    /// got.
    fn read(&self, seed: u64) {
        let _stop = StopAll(&self.stop);
        let mut numbers = Numbers(seed);
        let mut trusted = TreeHead::EMPTY;
        while self.goes_on() {
            let snapshot = if numbers.below(2) == 0 {
                self.tree.snapshot()
            } else {
                self.tree.durable_snapshot()
            };
            let Some(head) = snapshot.head() else {
                continue;
            };
            if head.size < trusted.size {
                // The durable tree trails the published one.
                continue;
            }
            for _ in 0..4 {
                let index = numbers.below(head.size);
                let proof = snapshot.generate_proof(index).unwrap();
                proof.verify_against(&Blake3Hasher, head).unwrap();
                assert_eq!(proof.leaf, snapshot.get_node(0, index).unwrap());
            }
            let growth = snapshot
                .generate_consistency_proof(trusted.size, trusted.root)
                .unwrap();
            growth.verify_against(&Blake3Hasher, trusted, head).unwrap();
            let size = numbers.below(head.size) + 1;
            let past = snapshot.snapshot_at(size).unwrap();
            let past_head = past.head().unwrap();
            let known = self.roots.lock().unwrap().get(&size).copied();
            assert!(known.is_none_or(|root| root == past_head.root));
            let growth = snapshot
                .generate_consistency_proof(size, past_head.root)
                .unwrap();
            growth
                .verify_against(&Blake3Hasher, past_head, head)
                .unwrap();
            let index = numbers.below(size);
            let proof = past.generate_proof(index).unwrap();
            proof.verify_against(&Blake3Hasher, past_head).unwrap();
            self.proofs.fetch_add(7, Ordering::Relaxed);
            trusted = head;
        }
    }

    /// Snapshots that are held across checkpoints and read again, byte for byte.
    fn hold(&self) {
        let _stop = StopAll(&self.stop);
        let mut held: Vec<(Snapshot, Vec<Vec<Hash>>, u64)> = Vec::new();
        while self.goes_on() {
            let snapshot = self.tree.snapshot();
            if snapshot.size() > 0 {
                let bytes = all_nodes(&snapshot);
                held.push((snapshot, bytes, self.tree.stats().checkpoints));
            }
            for (snapshot, bytes, _) in &held {
                assert!(all_nodes(snapshot) == *bytes, "a snapshot changed");
            }
            // Given up once two checkpoints have moved what it reads from memory to disk.
            let completed = self.tree.stats().checkpoints;
            let before = held.len();
            held.retain(|(_, _, taken)| completed < taken + 2);
            self.held
                .fetch_add((before - held.len()) as u64, Ordering::Relaxed);
            if held.len() > 4 {
                held.remove(2);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Checkpoints by hand between those of the policy.
    fn checkpoint(&self) {
        let _stop = StopAll(&self.stop);
        while self.goes_on() {
            self.tree.checkpoint().unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn has_seen_enough(&self) -> bool {
        let stats = self.tree.stats();
        stats.checkpoints >= CHECKPOINTS
            // A checkpoint rotates too; so many are for the log's length.
            && stats.rotations >= stats.checkpoints + ROTATIONS
            && self.proofs.load(Ordering::Relaxed) >= PROOFS
            && self.held.load(Ordering::Relaxed) >= HELD
    }
}

fn all_nodes(snapshot: &rotortree::TreeSnapshot<N, 32>) -> Vec<Vec<Hash>> {
    (0..=snapshot.depth())
        .map(|level| {
            let mut nodes = vec![[0; 32]; snapshot.level_len(level) as usize];
            snapshot.read_nodes(level, 0, &mut nodes).unwrap();
            nodes
        })
        .collect()
}

/// Compares every head that an insert returned with a tree that is built in memory from the leaves
/// of the last snapshot.
fn assert_heads(tree: &Tree<N>, roots: &BTreeMap<u64, Hash>) {
    let snapshot = tree.snapshot();
    let mut leaves = vec![[0; 32]; snapshot.size() as usize];
    snapshot.read_nodes(0, 0, &mut leaves).unwrap();
    let mut rebuilt = LeanIMT::<_, N, 32>::new(Blake3Hasher);
    for (&size, &root) in roots {
        let part = &leaves[rebuilt.size() as usize..size as usize];
        assert_eq!(rebuilt.insert_many(part).unwrap(), root, "at {size} leaves");
    }
    assert_eq!(rebuilt.head(), snapshot.head());
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are quoted in the documents"
)]
fn round(pin_above_level: usize, reads: Reads, time: Duration) {
    let dir = tempfile::tempdir().unwrap();
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(Duration::from_millis(10)),
        checkpoint_policy: CheckpointPolicy::EveryNEntries(500),
        tiering: TieringConfig { pin_above_level },
        ..quiet(dir.path())
    };
    let tree = Tree::<N>::builder(config.clone())
        .reads(reads)
        .segment_bytes(32 << 10)
        .max_unflushed_bytes(64 << 10)
        .open(Blake3Hasher)
        .unwrap();
    let round = Round {
        tree: &tree,
        stop: AtomicBool::new(false),
        roots: Mutex::default(),
        proofs: AtomicU64::new(0),
        held: AtomicU64::new(0),
    };
    thread::scope(|scope| {
        let round = &round;
        let _stop = StopAll(&round.stop);
        scope.spawn(|| round.write_leaves());
        scope.spawn(|| round.write_batches());
        scope.spawn(|| round.checkpoint());
        scope.spawn(|| round.hold());
        for seed in 0..3 {
            scope.spawn(move || round.read(seed));
        }
        let started = Instant::now();
        while round.goes_on() && (started.elapsed() < time || !round.has_seen_enough()) {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let stats = tree.stats();
    println!(
        "pin_above_level {pin_above_level}, {reads:?}: {} leaves, {} syncs, {} checkpoints, {} rotations, {} proofs, {} snapshots held \
         across two checkpoints",
        stats.size,
        stats.syncs,
        stats.checkpoints,
        stats.rotations,
        round.proofs.load(Ordering::Relaxed),
        round.held.load(Ordering::Relaxed)
    );
    assert!(round.has_seen_enough());
    assert_heads(&tree, &round.roots.into_inner().unwrap());
    tree.verify().unwrap();
    let head = tree.head();
    tree.close().unwrap();
    let tree = Tree::<N>::builder(config).open(Blake3Hasher).unwrap();
    assert_eq!(tree.head(), head);
}

#[test]
fn readers_prove_and_verify_while_the_tree_is_written_and_remapped() {
    let seconds =
        std::env::var("ROTORTREE_SUSTAINED_SECONDS").map_or(6, |seconds| seconds.parse().unwrap());
    // Rounds of a few seconds, so that trees stay small enough to be read whole.
    let rounds = (seconds / 2).max(3);
    for number in 0..rounds {
        let (pin_above_level, reads) = match number % 3 {
            0 => (usize::MAX, Reads::Mapped),
            1 => (0, Reads::Mapped),
            _ => (2, Reads::Positioned),
        };
        round(pin_above_level, reads, Duration::from_secs(2));
    }
}
