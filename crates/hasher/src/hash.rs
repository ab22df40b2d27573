//! [`Hash`]: the 32 bytes of a node.

/// A node of a tree: a leaf, an inner node or a root.
pub type Hash = [u8; 32];
