//! From a leaf to its index, for the trees of `rotortree-store`.
//!
//! A [`LeafIndex`] is a part of each insert into its tree. So it finds every leaf that readers of
//! the tree see, and refuses, if it is told to, a leaf that the tree has already: a nullifier is
//! spent once, whatever threads and crashes do.
//!
//! ```
//! use rotortree_index::{IndexOptions, LeafIndex};
//! # use {rotortree_hasher::Blake3Hasher, rotortree_store::*, std::sync::Arc};
//!
//! let index = LeafIndex::new(IndexOptions::in_memory().refuse_duplicates(true));
//! let tree = RotorTree::<Blake3Hasher, 4, 20>::on(Arc::new(memory::MemoryStorage::new()))
//!     .insert_hook(index.hook())
//!     .open(Blake3Hasher)?;
//! tree.insert_many(&[[1; 32], [2; 32]])?;
//!
//! assert_eq!(index.find(&[2; 32])?, Some(1));
//! assert!(tree.insert([2; 32]).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! The table holds no leaf, but 48 bits for each: its index, and the bits of its keyed hash that
//! its bucket does not tell. A lookup compares the leaf with the tree's own where these bits agree.
//! Growing takes no leaf either, so that it costs a copy, and no read of a leaf that may be on a
//! disk or in a bucket. The table is cut into 256 shards, which grow one after the other.

mod bucket;
mod duplicates;
mod error;
mod file;
mod hook;
mod index;
mod inner;
mod key;
mod layout;
mod opening;
mod options;
mod report;
mod saving;
mod shard;
mod staging;
mod table;
mod threads;
mod view;

pub use duplicates::Duplicates;
pub use error::{FileFault, IndexError};
pub use index::LeafIndex;
pub use options::{IndexOptions, SavePolicy};
pub use report::{Duplicate, IndexReport, IndexStats};
pub use view::IndexView;

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
