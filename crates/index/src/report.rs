//! What an index tells of itself.

use crate::FileFault;

/// How an index was opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct IndexReport {
    /// The leaves that were loaded from the file; 0 without one.
    pub loaded: u64,
    /// The leaves that were read from the tree and added.
    pub added: u64,
    /// Why the file was not used. `None` if it was, or the options name none.
    pub fault: Option<FileFault>,
    /// The leaves that the tree had before, at a smaller index.
    /// [`LeafIndex::duplicates`](crate::LeafIndex::duplicates) tells which.
    pub duplicates: u64,
}

/// The size of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexStats {
    /// The leaves of the tree that it covers.
    pub leaves: u64,
    /// Those among them that differ from every leaf before them.
    pub distinct: u64,
    /// The bytes of memory that it takes.
    pub memory_bytes: usize,
}

/// A leaf that is in the tree at a smaller index too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Duplicate {
    /// Its index.
    pub index: u64,
    /// The least index of the same leaf.
    pub first: u64,
}
