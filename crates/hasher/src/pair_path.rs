//! [`PairPath`]: a node on its way up through pairs.

use crate::hash::Hash;

/// A node and its way up through pairs: the input of
/// [`Hasher::hash_pair_paths`](crate::Hasher::hash_pair_paths).
///
/// Bit `i` of `turns` and `lifts` belongs to step `i`.
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
    /// The node. Hashing replaces it by the node at the end of the path.
    pub node: Hash,
    /// The steps at which the node is the second of its pair.
    pub turns: u64,
    /// The steps at which the node has no sibling and stays the same.
    pub lifts: u64,
}

impl PairPath {
    /// The node's place in its pair at a step, or `None` where it is lifted.
    fn position(&self, step: usize) -> Option<usize> {
        let bit = 1 << (step % 64);
        (self.lifts & bit == 0).then_some(usize::from(self.turns & bit != 0))
    }
}

/// Panics if there are more steps than a [`PairPath`] has bits.
#[inline]
pub(crate) fn assert_steps(steps: usize) {
    assert!(
        steps <= 64,
        "a path of pairs has at most 64 steps, not {steps}"
    );
}

/// The most paths that are hashed together.
const LANES: usize = 64;

/// The default of [`Hasher::hash_pair_paths`](crate::Hasher::hash_pair_paths): `hash_pair` hashes
/// one pair, `hash_pairs` many.
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

/// Hashes one path, pair by pair, without the stack that many paths take.
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

/// Hashes at most [`LANES`] paths: gathers the pairs of a step and hashes them together.
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
