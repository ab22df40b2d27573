//! [`TreeError`]: why a tree, a snapshot or a proof refuses an operation.

use alloc::{string::ToString, sync::Arc};
use core::{error::Error, fmt, ops::Deref};

use crate::Kind;

/// The role of 32 bytes from outside that a hasher refused.
///
/// ```
/// use rotortree_lean_imt::{Hash, HashRole, Hasher, LeanIMT, TreeError};
///
/// /// Accepts numbers below 2^248 only, as a field hasher accepts numbers below its modulus.
/// /// Not a cryptographic hash.
/// #[derive(Clone)]
/// struct Field;
///
/// impl Hasher for Field {
///     fn hash_children(&self, children: &[Hash]) -> Hash {
///         let mut hash = [children.len() as u8; 32];
///         for byte in children.as_flattened() {
///             hash.rotate_right(1);
///             hash[0] = hash[0].wrapping_mul(31).wrapping_add(*byte);
///         }
///         hash[31] = 0;
///         hash
///     }
///
///     fn check(&self, hash: &Hash) -> bool {
///         hash[31] == 0
///     }
/// }
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Field);
/// let refused = tree.insert_many(&[[0; 32], [0xff; 32]]).unwrap_err();
/// assert!(matches!(
///     refused,
///     TreeError::RefusedHash { role: HashRole::Leaf, index: 1 }
/// ));
/// assert_eq!(tree.size(), 0, "nothing was inserted");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashRole {
    /// A leaf to be inserted or proved.
    Leaf,
    /// A sibling or another inner node of a proof.
    Node,
    /// A node of a frontier.
    FrontierNode,
    /// A root.
    Root,
}

impl fmt::Display for HashRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leaf => "leaf",
            Self::Node => "proof node",
            Self::FrontierNode => "frontier node",
            Self::Root => "root",
        })
    }
}

/// The error of a node source that could not read a node: the `source` of
/// [`TreeError::NodeUnavailable`].
///
/// ```
/// use rotortree_lean_imt::{NodeFailure, TreeError};
/// use std::{error::Error as _, io};
///
/// let source = NodeFailure::new(io::Error::other("the disk is gone"));
/// let error = TreeError::NodeUnavailable { level: 2, index: 7, source };
/// assert_eq!(error.to_string(), "node 7 of level 2 cannot be read: the disk is gone");
/// assert!(error.source().is_none(), "the text holds the cause");
/// ```
///
/// Clones share one failure. Two failures are equal if they are clones of one failure or have
/// the same text.
#[derive(Clone)]
pub struct NodeFailure(Arc<dyn Error + Send + Sync>);

impl NodeFailure {
    /// Wraps the error of the source.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl Deref for NodeFailure {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for NodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for NodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for NodeFailure {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.to_string() == other.0.to_string()
    }
}

/// Why an operation on a tree, a snapshot or a proof was refused. A refused operation has
/// changed nothing.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, TreeError};
///
/// let mut tree = LeanIMT::<_, 2, 1>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32]])?;
/// let error = tree.insert([3; 32]).unwrap_err();
/// assert!(matches!(error, TreeError::MaxDepthExceeded { max_depth: 1 }));
/// assert_eq!(tree.size(), 2);
/// # Ok::<(), TreeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The tree would grow deeper than it may.
    #[error("the tree would grow deeper than its {max_depth} levels; use a larger MAX_DEPTH")]
    MaxDepthExceeded {
        /// The most hash layers this tree may have.
        max_depth: usize,
    },
    /// There is no such node.
    #[error("index {index} is outside of the {size} that exist")]
    IndexOutOfRange {
        /// The index asked for.
        index: u64,
        /// The number of leaves, or of nodes of the level.
        size: u64,
    },
    /// A batch without leaves.
    #[error("the batch has no leaves; give at least one")]
    EmptyBatch,
    /// Memory for new nodes could not be allocated.
    #[error("memory for new nodes could not be allocated; free memory, or insert smaller batches")]
    CapacityExceeded,
    /// The number of levels of a proof does not fit its sizes.
    #[error("the proof has {actual} levels, but its sizes require {expected}")]
    InvalidProofDepth {
        /// The number that leaf index and tree size require.
        expected: usize,
        /// The number that the proof has.
        actual: usize,
    },
    /// A level of an inclusion proof does not fit leaf index and tree size.
    #[error(
        "level {level} of the proof has position {position} and {siblings} siblings, but leaf \
         index and \
         tree size require position {expected_position} and {expected_siblings} siblings"
    )]
    InvalidProofLevel {
        /// The level; 0 is the level of the leaf.
        level: usize,
        /// The position that leaf index and tree size require.
        expected_position: usize,
        /// The position that the proof has.
        position: usize,
        /// The number of siblings that leaf index and tree size require.
        expected_siblings: usize,
        /// The number of siblings that the proof has.
        siblings: usize,
    },
    /// An unused slot of an inclusion proof is not zero.
    #[error("level {level} of the proof has bytes in an unused slot")]
    UnusedSlotNotZero {
        /// The level; 0 is the level of the leaf.
        level: usize,
    },
    /// The packed path of a binary proof does not fit leaf index and tree size.
    #[error("the packed path is {actual:#b}, but leaf index and tree size require {expected:#b}")]
    InvalidPackedPath {
        /// The path that leaf index and tree size require.
        expected: u64,
        /// The path that the proof has.
        actual: u64,
    },
    /// The number of hashes of a proof does not fit its sizes and indices.
    #[error("the proof has {actual} hashes, but its sizes and indices require {expected}")]
    InvalidProofLength {
        /// The number that sizes and indices require.
        expected: u64,
        /// The number that the proof has.
        actual: u64,
    },
    /// A proof of no leaves.
    #[error("a proof of no leaves proves nothing")]
    NoLeaves,
    /// The indices of a multiproof do not increase strictly.
    #[error("the index at position {position} does not exceed the index before it")]
    IndicesNotIncreasing {
        /// Position of the first such index, from 0.
        position: u64,
    },
    /// The new tree of a consistency proof is smaller than the old one; trees only grow.
    #[error("a tree of {old_size} leaves cannot become a tree of {new_size} leaves")]
    SizeDecreased {
        /// Size of the old tree.
        old_size: u64,
        /// Size of the new tree.
        new_size: u64,
    },
    /// A size differs from the expected one.
    #[error("the size is {actual}, but {expected} was expected")]
    SizeMismatch {
        /// The size that the caller expected.
        expected: u64,
        /// The actual size.
        actual: u64,
    },
    /// A requested size exceeds the size of the snapshot.
    #[error("size {requested} exceeds the {size} leaves of the snapshot")]
    SizeOutOfRange {
        /// The requested size.
        requested: u64,
        /// The size of the snapshot.
        size: u64,
    },
    /// A root is not the tree's root at a size.
    #[error("the root given for size {size} is not the tree's root at that size")]
    RootMismatch {
        /// The size.
        size: u64,
    },
    /// The hasher refused 32 bytes.
    #[error(
        "the hasher refused the {role} at index {index}: it is not an input of the hash function"
    )]
    RefusedHash {
        /// The role of the bytes.
        role: HashRole,
        /// The position in the batch for leaves, and in the proof or frontier otherwise.
        index: u64,
    },
    /// A proof, whose kind and N are known only at run time, does not have the requested form.
    #[error("no {kind} about trees with N = {arity} has this form")]
    NoSuchForm {
        /// The kind of the proof.
        kind: Kind,
        /// The proof's N.
        arity: usize,
    },
    /// N cannot be chosen at run time.
    #[error(
        "N = {arity} cannot be chosen at run time; choose 2, 3, 4, 8 or 16, or use the types with \
         N \
         as a parameter"
    )]
    UnsupportedArity {
        /// The requested N.
        arity: usize,
    },
    /// N, chosen at run time, exceeds the hasher's `MAX_ARITY`.
    #[error("N = {arity} exceeds the {max_arity} children that the hasher accepts")]
    ArityExceedsHasher {
        /// The requested N.
        arity: usize,
        /// The hasher's `MAX_ARITY`.
        max_arity: usize,
    },
    /// A node could not be read.
    #[error("node {index} of level {level} cannot be read: {source}")]
    NodeUnavailable {
        /// Level of the node, 0 for leaves.
        level: usize,
        /// Index on its level.
        index: u64,
        /// The error of the node's source. The message contains its text, so it is not a link in
        /// the chain of sources.
        r#source: NodeFailure,
    },
}

#[cfg(test)]
mod tests;
