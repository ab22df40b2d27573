//! [`PairPath`]: a node on its way up through pairs.

use crate::hash::Hash;

/// A node and how it goes up through pairs: what
/// [`Hasher::hash_pair_paths`](crate::Hasher::hash_pair_paths) works on.
///
/// The bits of the two numbers belong to steps, the lowest to the first one.
///
/// ```
/// use rotortree_hasher::{Hasher, PairPath, ToyHasher};
///
/// let (leaf, siblings) = ([1; 32], [[2; 32], [3; 32], [4; 32]]);
/// // The second of a pair, then lifted, then the first of a pair.
/// let mut paths = [PairPath { node: leaf, turns: 0b001, lifts: 0b010 }];
/// ToyHasher::new().hash_pair_paths(&mut paths, 3, |_, step| &siblings[step]);
///
/// let below = ToyHasher::new().hash_children(&[[2; 32], leaf]);
/// assert_eq!(paths[0].node, ToyHasher::new().hash_children(&[below, [4; 32]]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairPath {
    /// The node, replaced by the one that it leads to.
    pub node: Hash,
    /// At which steps the node is the second of its pair.
    pub turns: u64,
    /// At which steps the node has no sibling, and stays.
    pub lifts: u64,
}

impl PairPath {
    /// Where the node stands in its pair at a step, if it is in one.
    fn position(&self, step: usize) -> Option<usize> {
        let bit = 1 << (step % 64);
        (self.lifts & bit == 0).then_some(usize::from(self.turns & bit != 0))
    }
}

/// Panics if a [`PairPath`] has no bits for some of the steps.
#[inline]
pub(crate) fn assert_steps(steps: usize) {
    assert!(
        steps <= 64,
        "a path of pairs has 64 steps at most, and not {steps}"
    );
}

/// Paths worked on together at most.
const LANES: usize = 64;

/// What a hasher does unless it knows better: `hash_pair` hashes one pair, `hash_pairs` many.
pub(crate) fn hash_all<'a>(
    paths: &mut [PairPath],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
    hash_pair: impl Fn(&[Hash; 2]) -> Hash,
    hash_pairs: impl Fn(&[Hash], &mut [Hash]),
) {
    assert_steps(steps);
    if let [path] = paths {
        return hash_one(path, steps, |step| sibling(0, step), hash_pair);
    }
    for (run, paths) in paths.chunks_mut(LANES).enumerate() {
        let sibling = |lane, step| sibling(run * LANES + lane, step);
        hash_together(paths, steps, sibling, &hash_pairs);
    }
}

/// One path, pair by pair: with nothing on the stack that only many need.
fn hash_one<'a>(
    path: &mut PairPath,
    steps: usize,
    sibling: impl Fn(usize) -> &'a Hash,
    hash_pair: impl Fn(&[Hash; 2]) -> Hash,
) {
    for step in 0..steps {
        if let Some(position) = path.position(step) {
            let mut pair = [path.node; 2];
            pair[1 - position] = *sibling(step);
            path.node = hash_pair(&pair);
        }
    }
}

/// At most [`LANES`] paths: gathers the pairs that they pass at a step, and hashes them together.
#[inline(never)]
fn hash_together<'a>(
    paths: &mut [PairPath],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
    hash_pairs: &impl Fn(&[Hash], &mut [Hash]),
) {
    let mut children = [[0; 32]; 2 * LANES];
    let mut parents = [[0; 32]; LANES];
    for step in 0..steps {
        let (pairs, _) = children.as_chunks_mut::<2>();
        let mut count = 0;
        for (lane, path) in paths.iter().enumerate() {
            if let Some(position) = path.position(step) {
                let pair = &mut pairs[count];
                pair[position] = path.node;
                pair[1 - position] = *sibling(lane, step);
                count += 1;
            }
        }
        hash_pairs(&children[..2 * count], &mut parents[..count]);
        let mut parents = parents.iter();
        for path in paths.iter_mut() {
            if path.position(step).is_some()
                && let Some(parent) = parents.next()
            {
                path.node = *parent;
            }
        }
    }
}
