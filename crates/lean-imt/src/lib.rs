//! An n-ary Lean Incremental Merkle Tree in memory.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

mod arity;
#[cfg(feature = "std")]
mod concurrent;
mod convert;
pub mod encoding;
mod error;
mod frontier;
pub mod geometry;
mod head;
#[expect(
    unsafe_code,
    reason = "the append-only segment is raw memory; see its module"
)]
mod memory;
mod nodes;
mod proof;
#[cfg(any(test, feature = "test-util"))]
pub mod reference;
mod right_edge;
#[cfg(feature = "serde")]
mod serde_forms;
mod shared_hasher;
mod snapshot;
mod sync;
mod threads;
mod tree;
#[cfg(test)]
mod tree_tests;

#[cfg(feature = "std")]
pub use concurrent::ConcurrentLeanIMT;
pub use convert::{BinaryPath, LeanImtProof, PaddedProof};
pub use encoding::{DecodeError, Kind, peek_kind};
pub use error::{HashRole, NodeFailure, TreeError};
pub use frontier::Frontier;
pub use head::TreeHead;
pub use memory::MemoryNodes;
pub use nodes::{NodeSource, NodeStore};
pub use proof::{
    BatchFailure, CatchUpProof, ConsistencyProof, MultiProof, NaryProof, ProofLevel, RangeProof,
    UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange,
};
#[cfg(feature = "blake3")]
pub use rotortree_hasher::Blake3Hasher;
pub use rotortree_hasher::{GroupState, Hash, Hasher};
#[cfg(feature = "serde")]
pub use serde_forms::FrontierParts;
pub use shared_hasher::SharedHasher;
pub use snapshot::{Leaves, TreeSnapshot};
pub use tree::LeanIMT;
