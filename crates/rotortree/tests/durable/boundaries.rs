//! Sizes around every boundary - group, chunk, segment of the log, shard, segment of memory -
//! against the reference tree, through checkpoints and reopenings.

use std::{path::Path, sync::Arc};

use proptest::prelude::*;
use rotortree::{
    Blake3Hasher, Hash, Reads, RotorTreeConfig, TieringConfig,
    lean_imt::reference,
    store::{file_layer::OsFiles, fs::FsStorage},
};

use crate::support::{Tree, leaf, quiet};

/// Nodes in a chunk.
const CHUNK: u64 = 128;
/// Chunks in a shard of these tests; in production a shard takes 1 GiB.
const SHARD_CHUNKS: u64 = 128;
/// The largest tree of the long walks: beyond a shard's leaves.
const MOST: u64 = CHUNK * SHARD_CHUNKS + 400;
/// The log starts a new segment after so many bytes: about 60 leaves inserted one by one.
const SEGMENT_BYTES: u64 = 8192;

/// The settings of the trees of one case.
#[derive(Clone, Copy, Debug)]
struct Setting {
    pin_above_level: usize,
    reads: Reads,
    verify_checkpoint: bool,
}

impl Setting {
    fn open<const N: usize>(self, path: &Path) -> Tree<N> {
        let config = RotorTreeConfig {
            tiering: TieringConfig {
                pin_above_level: self.pin_above_level,
            },
            verify_checkpoint: self.verify_checkpoint,
            ..quiet(path)
        };
        let storage = FsStorage::with_shard_chunks(OsFiles, path, SHARD_CHUNKS);
        Tree::builder(config)
            .storage(Arc::new(storage))
            .segment_bytes(SEGMENT_BYTES)
            .reads(self.reads)
            .open(Blake3Hasher)
            .unwrap()
    }
}

/// A tree beside the leaves that went into it.
struct Walk<const N: usize> {
    dir: tempfile::TempDir,
    setting: Setting,
    tree: Option<Tree<N>>,
    leaves: Vec<Hash>,
}

impl<const N: usize> Walk<N> {
    fn new(setting: Setting) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            tree: Some(setting.open(dir.path())),
            dir,
            setting,
            leaves: Vec::new(),
        }
    }

    fn tree(&self) -> &Tree<N> {
        self.tree.as_ref().unwrap()
    }

    fn grow_to(&mut self, size: u64, in_one: bool) {
        let from = self.leaves.len() as u64;
        if size <= from {
            return;
        }
        self.leaves.extend((from..size).map(leaf));
        let new = &self.leaves[from as usize..];
        if in_one {
            self.tree().append_at(from, new).unwrap();
        } else {
            for leaf in new {
                self.tree().insert(*leaf).unwrap();
            }
        }
    }

    fn reopen(&mut self) {
        self.tree = None;
        self.tree = Some(self.setting.open(self.dir.path()));
        assert!(self.tree().recovery_report().was_closed);
    }

    /// Every node, and proofs of leaves at both ends of every kind of group.
    fn check(&self) {
        let size = self.leaves.len() as u64;
        let snapshot = self.tree().snapshot();
        assert_eq!(snapshot.size(), size);
        let levels = reference::levels(&Blake3Hasher, N, &self.leaves);
        if size > 0 {
            assert_eq!(snapshot.depth() + 1, levels.len());
        }
        for (level, nodes) in levels.iter().enumerate() {
            let mut there = vec![[0; 32]; nodes.len()];
            snapshot.read_nodes(level, 0, &mut there).unwrap();
            assert!(there == *nodes, "level {level} at size {size}, N = {N}");
        }
        let Some(head) = snapshot.head() else {
            return;
        };
        assert_eq!(
            Some(head.root),
            reference::root(&Blake3Hasher, N, &self.leaves)
        );
        let near = [
            0,
            CHUNK - 1,
            CHUNK,
            size / 2,
            size.saturating_sub(N as u64),
            size - 1,
        ];
        for index in near.into_iter().filter(|&index| index < size) {
            let proof = snapshot.generate_proof(index).unwrap();
            assert_eq!(proof.leaf, self.leaves[index as usize]);
            proof.verify_against(&Blake3Hasher, head).unwrap();
        }
        self.tree().verify().unwrap();
    }
}

/// The sizes at which something ends, up to `most`: groups at every level, chunks at every level.
fn ends<const N: usize>(most: u64) -> Vec<u64> {
    let mut ends = vec![1, CHUNK * SHARD_CHUNKS];
    let mut span = 1;
    while span <= most {
        // A node of this level covers `span` leaves, a group of them N times as many, a
        // chunk CHUNK times.
        ends.extend([span * N as u64, span * CHUNK, span * CHUNK * 2]);
        span *= N as u64;
    }
    ends.retain(|&end| end <= most);
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// One before, at, and one behind every end.
fn around(ends: &[u64]) -> Vec<u64> {
    let mut sizes: Vec<u64> = ends
        .iter()
        .flat_map(|&end| [end - 1, end, end + 1])
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Walks through all sizes, a checkpoint or a reopening or both at each.
fn every_size<const N: usize>(most: u64, setting: Setting) {
    let mut walk = Walk::<N>::new(setting);
    for (step, size) in around(&ends::<N>(most)).into_iter().enumerate() {
        walk.grow_to(size, step % 2 == 0 || size > 1000);
        if step % 3 != 0 {
            walk.tree().checkpoint().unwrap();
        }
        if step % 3 != 1 {
            walk.reopen();
        }
        // Comparing all nodes of a large tree at every size would take most of the time.
        if size <= 600 || step % 7 == 0 {
            walk.check();
        }
    }
    walk.check();
    walk.reopen();
    walk.check();
}

const MAPPED: Setting = Setting {
    pin_above_level: usize::MAX,
    reads: Reads::Mapped,
    verify_checkpoint: true,
};

const PINNED: Setting = Setting {
    pin_above_level: 2,
    reads: Reads::Positioned,
    verify_checkpoint: false,
};

#[test]
fn every_boundary_of_a_binary_tree() {
    every_size::<2>(MOST, MAPPED);
    every_size::<2>(600, PINNED);
}

#[test]
fn every_boundary_of_a_ternary_tree() {
    every_size::<3>(MOST, PINNED);
    every_size::<3>(600, MAPPED);
}

#[test]
fn every_boundary_of_a_quaternary_tree() {
    every_size::<4>(MOST, MAPPED);
    every_size::<4>(600, PINNED);
}

#[test]
fn every_boundary_of_an_octonary_tree() {
    every_size::<8>(MOST, PINNED);
    every_size::<8>(600, MAPPED);
}

#[test]
fn every_boundary_of_a_hexadecimal_tree() {
    every_size::<16>(MOST, MAPPED);
    every_size::<16>(600, PINNED);
}

#[test]
fn arities_that_do_not_divide_a_chunk_or_exceed_it() {
    every_size::<5>(1500, MAPPED);
    every_size::<33>(1500, PINNED);
    every_size::<200>(1500, MAPPED);
}

#[test]
fn a_chunk_whose_last_inner_node_was_not_complete_at_the_checkpoint() {
    // Level 1 then has 127 complete nodes and one that can still change.
    let mut walk = Walk::<2>::new(MAPPED);
    for size in [255, 256, 257] {
        walk.grow_to(size, true);
        walk.tree().checkpoint().unwrap();
        walk.check();
    }
    walk.reopen();
    walk.check();
}

#[test]
fn a_segment_of_memory_fills_up() {
    /// Nodes in a full one.
    const SEGMENT: u64 = 1 << 16;
    let mut walk = Walk::<4>::new(PINNED);
    for size in [SEGMENT - 1, SEGMENT, SEGMENT + 1, SEGMENT + 300] {
        walk.grow_to(size, true);
        walk.check();
        if size == SEGMENT {
            walk.tree().checkpoint().unwrap();
        }
    }
    walk.reopen();
    walk.check();
}

/// The step between two sizes.
#[derive(Clone, Copy, Debug)]
enum Then {
    Nothing,
    Flush,
    Checkpoint,
    Reopen,
}

fn then() -> impl Strategy<Value = Then> {
    prop_oneof![
        Just(Then::Nothing),
        Just(Then::Flush),
        Just(Then::Checkpoint),
        Just(Then::Reopen),
    ]
}

/// Steps over the boundaries of a small tree: which end, how far beside it, how it is reached, and
/// what follows.
fn steps() -> impl Strategy<Value = Vec<(prop::sample::Index, i64, bool, Then)>> {
    prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            -2..=2i64,
            any::<bool>(),
            then(),
        ),
        1..8,
    )
}

fn setting() -> impl Strategy<Value = Setting> {
    let pins = prop_oneof![Just(usize::MAX), 0..6usize];
    (pins, any::<bool>(), any::<bool>()).prop_map(|(pin_above_level, mapped, verify_checkpoint)| {
        Setting {
            pin_above_level,
            reads: if mapped {
                Reads::Mapped
            } else {
                Reads::Positioned
            },
            verify_checkpoint,
        }
    })
}

fn history<const N: usize>(steps: &[(prop::sample::Index, i64, bool, Then)], setting: Setting) {
    let ends = ends::<N>(2100);
    let mut sizes: Vec<_> = steps
        .iter()
        .map(|(end, beside, in_one, then)| {
            let size = end.get(&ends).saturating_add_signed(*beside);
            (size, *in_one, *then)
        })
        .collect();
    sizes.sort_by_key(|&(size, ..)| size);
    let mut walk = Walk::<N>::new(setting);
    for (size, in_one, then) in sizes {
        walk.grow_to(size, in_one);
        match then {
            Then::Nothing => {}
            Then::Flush => walk.tree().flush().unwrap(),
            Then::Checkpoint => walk.tree().checkpoint().unwrap(),
            Then::Reopen => walk.reopen(),
        }
        walk.check();
    }
    walk.reopen();
    walk.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_a_binary_tree(steps in steps(), setting in setting()) {
        history::<2>(&steps, setting);
    }

    #[test]
    fn any_history_of_a_ternary_tree(steps in steps(), setting in setting()) {
        history::<3>(&steps, setting);
    }

    #[test]
    fn any_history_of_a_quaternary_tree(steps in steps(), setting in setting()) {
        history::<4>(&steps, setting);
    }

    #[test]
    fn any_history_of_an_octonary_tree(steps in steps(), setting in setting()) {
        history::<8>(&steps, setting);
    }

    #[test]
    fn any_history_of_a_hexadecimal_tree(steps in steps(), setting in setting()) {
        history::<16>(&steps, setting);
    }
}
