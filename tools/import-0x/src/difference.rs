//! [`Difference`]: where an old tree and its leaves do not agree.

use std::fmt;

use rotortree::{Hash, Hasher, Hex};

use crate::ImportError;

/// The first node of the old tree that is not the hash of its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The level, from 1 for the parents of leaves.
    pub level: usize,
    /// The index on the level.
    pub index: u64,
    /// The node as the old tree has it.
    pub stored: Hash,
    /// The hash of its children.
    pub computed: Hash,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            level,
            index,
            stored,
            computed,
        } = *self;
        let (stored, computed) = (Hex(stored), Hex(computed));
        write!(
            f,
            "node {index} of level {level} is {stored} in the old tree, and the hash of its \
             children is {computed}; they are damaged, or the old tree has another hasher"
        )
    }
}

/// Searches the old tree, level by level from the leaves; `None` if all of it agrees.
pub(crate) fn first<const N: usize, const MAX_DEPTH: usize>(
    tree: &old::TreeSnapshot<N, MAX_DEPTH>,
    hasher: &impl Hasher,
) -> Result<Option<Difference>, ImportError> {
    for level in 1..=tree.depth() {
        let children = tree.level_len(level - 1) as u64;
        for index in 0..tree.level_len(level) as u64 {
            let start = index * N as u64;
            let group: Vec<Hash> = (start..children.min(start + N as u64))
                .map(|child| node(tree, level - 1, child))
                .collect::<Result<_, _>>()?;
            let computed = match group[..] {
                // A node without siblings is lifted.
                [only] => only,
                _ => hasher.hash_children(&group),
            };
            let stored = node(tree, level, index)?;
            if stored != computed {
                return Ok(Some(Difference {
                    level,
                    index,
                    stored,
                    computed,
                }));
            }
        }
    }
    Ok(None)
}

/// A node of the old tree.
pub(crate) fn node<const N: usize, const MAX_DEPTH: usize>(
    tree: &old::TreeSnapshot<N, MAX_DEPTH>,
    level: usize,
    index: u64,
) -> Result<Hash, ImportError> {
    tree.get_node(level, index as usize)
        .map_err(|source| ImportError::Read {
            level,
            index,
            source,
        })
}
