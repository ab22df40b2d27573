//! The slow, obvious tree that tests compare the others with. It keeps every level and
//! rebuilds all of them.

//!
//! ```
//! use rotortree_lean_imt::{Blake3Hasher, LeanIMT, reference};
//!
//! let leaves = reference::sample_leaves(1, 21);
//! let levels = reference::levels(&Blake3Hasher, 4, &leaves);
//! let lens: Vec<usize> = levels.iter().map(Vec::len).collect();
//! assert_eq!(lens, [21, 6, 2, 1]);
//!
//! let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
//! let root = tree.insert_many(&leaves)?;
//! assert_eq!(reference::root(&Blake3Hasher, 4, &leaves), Some(root));
//! # Ok::<(), rotortree_lean_imt::TreeError>(())
//! ```

use alloc::{vec, vec::Vec};
use rotortree_hasher::{Hash, Hasher};

/// Every node of a tree over `leaves`, level by level, leaves first; empty for no leaves.
///
/// Each parent is the hash of its up to `arity` children, or its only child. O(n) hashes, O(n)
/// memory.
#[must_use]
pub fn levels<H: Hasher>(hasher: &H, arity: usize, leaves: &[Hash]) -> Vec<Vec<Hash>> {
    let mut levels = vec![leaves.to_vec()];
    while levels[levels.len() - 1].len() > 1 {
        let parents = levels[levels.len() - 1]
            .chunks(arity)
            .map(|group| {
                if group.len() == 1 {
                    group[0]
                } else {
                    hasher.hash_children(group)
                }
            })
            .collect();
        levels.push(parents);
    }
    levels
}

/// The root over `leaves`, or `None` for no leaves.
#[must_use]
pub fn root<H: Hasher>(hasher: &H, arity: usize, leaves: &[Hash]) -> Option<Hash> {
    levels(hasher, arity, leaves)
        .last()
        .and_then(|level| level.first().copied())
}

/// `count` different leaves, made from a seed.
#[must_use]
pub fn sample_leaves(seed: u64, count: usize) -> Vec<Hash> {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = move || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..count)
        .map(|_| {
            let mut leaf = [0; 32];
            leaf.chunks_exact_mut(8)
                .for_each(|word| word.copy_from_slice(&next().to_le_bytes()));
            leaf
        })
        .collect()
}
