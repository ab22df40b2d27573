//! An n-ary Lean Incremental Merkle Tree in memory: append-only, with snapshots, forks, frontiers
//! and every proof.
//!
//! Leaves are 32 bytes that are already hashed. Appending returns the new root. A [`TreeSnapshot`]
//! proves its leaves, at its own size and at every smaller one, while the tree grows.
//!
//! ```
//! use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
//!
//! let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
//! tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]])?;
//! let head = tree.head().expect("the tree is not empty");
//!
//! let proof = tree.snapshot().generate_proof(2)?;
//! proof.verify_against(&Blake3Hasher, head)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The tree
//!
//! A tree of 6 leaves with `N = 2`, and one of 6 with `N = 4`:
//!
//! ```text
//! level 3              r                            depth 3
//!                .-----' '-----.
//! level 2        a             e                    depth 2            r
//!             .--' '--.        |                                  .----' '----.
//! level 1     b       c        d                    level 1       a           e
//!            .'.     .'.      .'.                            .-.--'--.-.     .'.
//! level 0   0   1   2   3    4   5                  level 0  0  1   2  3    4   5
//!
//! a b c d and all leaves are complete; r and e are edge nodes; e is d, lifted (left), or
//! hash(4, 5) (right)
//! ```
//!
//! # Words
//!
//! - **Level** 0 has the leaves; level `k + 1` has the parents of level `k`. **Depth** is the
//!   number of hash layers above the leaves: the least `d` with `N^d >= size`.
//! - A **group** is `N` consecutive nodes of a level that share a **parent**, or fewer at the right
//!   end. Two or more children hash to their parent, `hash(child_0 || child_1 || ...)` without tag
//!   or length; a single child is **lifted**: it is the parent.
//! - A node is **complete** when its subtree is full: it never changes again. Each level has
//!   at most one other node, the **edge** node at its right end. Only complete nodes are
//!   stored, each once.
//! - The **frontier** is, per level, the complete children of the last unfinished group. Appending
//!   and the root need nothing else.
//! - A **head** is the size and root that a client trusts. A root alone fixes neither the size nor
//!   which nodes are leaves; see [`TreeHead`] for the forgery.
//! - A **snapshot** is the tree at one size, immutable. A **fork** is a tree that continues
//!   from a snapshot.
//!
//! # What proves what
//!
//! | claim | proof | made by | checked with |
//! | --- | --- | --- | --- |
//! | this leaf stands at this index | [`NaryProof`] | [`generate_proof`](TreeSnapshot::generate_proof) | one head |
//! | these leaves stand at these indices | [`MultiProof`] | [`generate_multiproof`](TreeSnapshot::generate_multiproof) | one head |
//! | these leaves stand next to each other from here on | [`RangeProof`] | [`generate_range_proof`](TreeSnapshot::generate_range_proof) | one head |
//! | this tree only grew | [`ConsistencyProof`] | [`generate_consistency_proof`](TreeSnapshot::generate_consistency_proof) | two heads |
//! | these leaves made this tree of that one | [`CatchUpProof`] | [`generate_catch_up_proof`](TreeSnapshot::generate_catch_up_proof) | two heads |
//!
//! Heads come from a source that the verifier trusts, and never from the sender of the proof. A
//! client that keeps one head and one inclusion proof stays up to date from consistency proofs
//! alone ([`update_inclusion_proof`](ConsistencyProof::update_inclusion_proof)). Verification
//! returns `Ok(())` or [`VerifyError`], which distinguishes a false proof, a proof of another tree,
//! and bytes that prove nothing at all. It allocates nothing and does not panic.
//!
//! Proofs are sent as [bytes](encoding), without their root. The `Unrooted` types verify the
//! bytes in place. [`AnyProof`] does so for every kind, and for an N that is known only at
//! [run time](any).
//!
//! # Features
//!
//! - `blake3` (default): `Blake3Hasher`.
//! - `std` (default): `ConcurrentLeanIMT`, which shares a tree between threads; on Linux, huge
//!   pages for levels of 65,536 nodes and more. The rest of the crate is `no_std` with `alloc`.
//! - `parallel`: rayon's threads hash large batches.
//! - `serde`: heads, proofs and frontiers in serde's formats.
//! - `test-util`: the slow, obvious reference tree.
//!
//! # Sources
//!
//! The tree is the LeanIMT of the Privacy & Scaling Explorations team ("LeanIMT: An optimized
//! Incremental Merkle Tree", 2024, <https://github.com/zk-kit/zk-kit/tree/main/papers/leanimt>),
//! generalized from 2 to `N` children; with `N = 2` and the same hash function, roots and paths are
//! the same.
//!
//! Consistency proofs follow RFC 6962, section 2.1.2. Multi- and range proofs follow the compact
//! multiproofs of Ethereum's consensus specifications (`ssz/merkle-proofs.md`). Order and form for
//! `N` children and lifted nodes are this crate's own. Merkle mountain ranges (Peter Todd, 2012)
//! and the frontier of Zcash's note commitment tree also keep complete subtrees only; a catch-up
//! proof starts from such a frontier.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

// Hidden items are open to the crates above and to the workspace's tests, fuzz targets and benches.
// They are no part of the surface that versions speak of.
pub mod any;
mod arity;
#[cfg(feature = "std")]
mod concurrent;
mod convert;
pub mod encoding;
mod error;
mod frontier;
#[doc(hidden)]
pub mod geometry;
mod head;
mod hex;
mod leaves;
#[expect(
    unsafe_code,
    reason = "the append-only segment is raw memory; see its module"
)]
mod memory;
mod node_source;
#[cfg_attr(
    all(target_arch = "x86_64", not(miri)),
    expect(unsafe_code, reason = "hints to the cache")
)]
mod prefetch;
mod proof;
#[cfg(any(test, feature = "test-util"))]
pub mod reference;
mod right_edge;
#[cfg(feature = "serde")]
mod serde_forms;
mod shared_hasher;
mod snapshot;
mod spare;
mod sync;
mod threads;
mod tree;
#[cfg(test)]
mod tree_tests;

pub use any::{
    objects::{AnyLeanIMT, AnySnapshot},
    proof::AnyProof,
};
#[cfg(feature = "std")]
pub use concurrent::ConcurrentLeanIMT;
pub use convert::{BinaryPath, LeanImtNodes, LeanImtNodesError, LeanImtProof, PaddedProof};
pub use encoding::{error::DecodeError, kind::Kind, reader::peek_kind};
pub use error::{HashRole, NodeFailure, TreeError};
pub use frontier::Frontier;
pub use head::{HeadError, TreeHead};
pub use leaves::Leaves;
#[doc(hidden)]
pub use memory::{MemoryNodes, MemorySource};
#[doc(hidden)]
pub use node_source::{NodeSource, NodeSpan};
#[doc(hidden)]
pub use prefetch::prefetch;
pub use proof::{
    BatchError, BatchFailure, CatchUpProof, ConsistencyProof, MultiProof, NaryProof, ProofLevel,
    RangeProof, UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion, UnrootedMulti,
    UnrootedRange, VerifyError,
};
#[cfg(feature = "blake3")]
pub use rotortree_hasher::Blake3Hasher;
pub use rotortree_hasher::{Hash, Hasher, Hex, HexError};
#[cfg(feature = "serde")]
pub use serde_forms::FrontierParts;
pub use shared_hasher::SharedHasher;
#[doc(hidden)]
pub use shared_hasher::is_slow;
pub use snapshot::TreeSnapshot;
#[doc(hidden)]
pub use spare::SpareSnapshot;
pub use tree::LeanIMT;

/// The README's examples are tests.
#[cfg(all(doctest, feature = "blake3"))]
#[doc = include_str!("../README.md")]
struct Readme;
