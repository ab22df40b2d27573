//! [`History`]: batches of random leaves, and the tree that they make.

use rotortree_lean_imt::{Hash, LeanIMT, LeanImtProof};
use rotortree_poseidon::PoseidonHasher;

use crate::outcome::Outcome;

/// Levels of the trees, and of the circuit: Semaphore's most.
pub(crate) const DEPTH: usize = 32;

/// Leaves of a history, at least.
const LEAVES: usize = 10_000;

/// Proofs that are exchanged for a history.
const PROOFS: usize = 100;

pub(crate) type Tree = LeanIMT<PoseidonHasher, 2, DEPTH>;

/// The generator SplitMix64: equal seeds give equal histories.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Who keeps the leaves on the other side.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `LeanIMT`, with zeros among the leaves.
    Tree,
    /// `Group`, which refuses zero.
    Group,
}

/// Batches of leaves, some of one leaf; with zeros, duplicates, and a last size at which nodes are
/// lifted.
pub(crate) struct History {
    pub(crate) kind: Kind,
    pub(crate) batches: Vec<Vec<Hash>>,
    /// The leaves that are proved.
    pub(crate) indices: Vec<u64>,
}

impl History {
    pub(crate) fn new(kind: Kind, random: &mut Random) -> Self {
        let mut history = Self {
            kind,
            batches: Vec::new(),
            indices: Vec::new(),
        };
        let mut leaves: Vec<Hash> = Vec::new();
        // An odd size lifts its last leaf.
        while leaves.len() < LEAVES || leaves.len().is_multiple_of(2) {
            let len = match random.below(3) {
                0 => 1,
                1 => 1 + random.below(16),
                _ => 1 + random.below(600),
            };
            let batch: Vec<Hash> = (0..len).map(|_| leaf(kind, &leaves, random)).collect();
            leaves.extend(&batch);
            history.batches.push(batch);
        }
        let size = leaves.len();
        // The first and the last leaves, then any.
        history.indices = (0..PROOFS)
            .map(|i| match i {
                0 => 0,
                1..5 => size - i,
                _ => random.below(size),
            })
            .map(|index| index as u64)
            .collect();
        history
    }

    pub(crate) fn leaves(&self) -> impl Iterator<Item = &Hash> {
        self.batches.iter().flatten()
    }

    /// The tree, and its root after each batch.
    pub(crate) fn tree(&self) -> Outcome<(Tree, Vec<Hash>)> {
        let mut tree = Tree::new(PoseidonHasher::new());
        let roots = self.batches.iter().map(|batch| tree.insert_many(batch));
        let roots = roots.collect::<Result<_, _>>()?;
        Ok((tree, roots))
    }

    /// The proofs of the indices in the form of the other side.
    pub(crate) fn proofs(&self, tree: &Tree) -> Outcome<Vec<LeanImtProof>> {
        let snapshot = tree.snapshot();
        let proof = |index: &u64| Ok(snapshot.generate_proof(*index)?.to_lean_imt()?);
        self.indices.iter().map(proof).collect()
    }

    pub(crate) fn summary(&self) -> String {
        let kind = match self.kind {
            Kind::Tree => "LeanIMT",
            Kind::Group => "Group",
        };
        let zeros = self.leaves().filter(|leaf| **leaf == [0; 32]).count();
        format!(
            "{kind}: {} leaves in {} batches, {zeros} zeros, {} proofs",
            self.leaves().count(),
            self.batches.len(),
            self.indices.len(),
        )
    }
}

/// A random number; sometimes small, the largest, zero, or a leaf that was there before.
fn leaf(kind: Kind, before: &[Hash], random: &mut Random) -> Hash {
    let mut leaf = [0; 32];
    match random.below(16) {
        0 if kind == Kind::Tree => {}
        1 if !before.is_empty() => leaf = before[random.below(before.len())],
        2 => leaf[31] = 1 + random.below(255) as u8,
        3 => leaf = *LARGEST,
        _ => {
            for bytes in leaf.chunks_exact_mut(8) {
                bytes.copy_from_slice(&random.next().to_be_bytes());
            }
            // Below 2^253, and so below the order of the field.
            leaf[0] &= 0x1f;
            leaf[31] |= 1;
        }
    }
    leaf
}

/// The largest number of the field.
const LARGEST: &Hash = b"\x30\x64\x4e\x72\xe1\x31\xa0\x29\xb8\x50\x45\xb6\x81\x81\x58\x5d\
                         \x28\x33\xe8\x48\x79\xb9\x70\x91\x43\xe1\xf5\x93\xf0\x00\x00\x00";
