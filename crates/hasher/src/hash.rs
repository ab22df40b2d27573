//! [`Hash`]: the 32 bytes that everything here is about.

/// A node of a tree: a leaf, an inner node or a root. 32 bytes, always.
pub type Hash = [u8; 32];
