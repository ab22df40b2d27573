//! An embedded, append-only n-ary Lean Incremental Merkle Tree database.
//!
//! Leaves of 32 bytes, already hashed, go in at a high rate; every insert returns the new root and
//! a token that says when the leaf is on disk. Immutable snapshots answer with proofs while inserts
//! go on. A write-ahead log, checkpoints and memory-mapped levels make the tree outlive the
//! process. Background work runs on a runtime that trees share.
//!
#![cfg_attr(
    all(feature = "storage", feature = "blake3"),
    doc = "```",
    doc = "use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};",
    doc = "",
    doc = "# let dir = tempfile::tempdir()?;",
    doc = "# let directory = dir.path().join(\"tree\");",
    doc = "let tree = RotorTree::<Blake3Hasher, 4, 20>::open(Blake3Hasher, \
           RotorTreeConfig::new(directory))?;",
    doc = "let (_root, token) = tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;",
    doc = "token.wait()?; // From here on these leaves survive a power loss.",
    doc = "",
    doc = "let snapshot = tree.durable_snapshot();",
    doc = "let head = snapshot.head().expect(\"three leaves are durable\");",
    doc = "let proof = snapshot.generate_proof(1)?;",
    doc = "proof.verify_against(&Blake3Hasher, head)?;",
    doc = "tree.close()?;",
    doc = "# Ok::<(), Box<dyn std::error::Error>>(())",
    doc = "```"
)]
//!
//! This crate is a front of names. The crates below do the work, and each can be used alone:
//!
//! | crate | is |
//! | --- | --- |
//! | [`rotortree-hasher`](hasher) | the `Hasher` trait and the hash functions |
//! | [`rotortree-lean-imt`](lean_imt) | the tree in memory, snapshots and proofs; its names are this crate's too |
//! | `rotortree-wal` | the bytes of the log |
//! | `rotortree-index` (`index` here) | from a leaf to its index, behind the feature `index` |
//! | `rotortree-store` (`store` here) | `RotorTree`, backends, recovery and checkpoints |
//!
//! # What is promised
//!
//! * After `flush`, `insert_durable` or a token's `wait` returned `Ok`, those leaves survive any
//!   crash or power loss.
//! * After any crash, opening gives a prefix of the order of inserts, at least as long as the last
//!   durable point; a batch is there whole or not at all.
//! * A head from `durable_snapshot` is a prefix of every later state. It is the only one to
//!   sign or publish.
//! * Damage is never silent: it is a typed error, or a line in the recovery report.
//! * After a failed write or sync of the log nothing becomes durable any more. All waiters are
//!   notified; snapshots keep serving.
//! * A snapshot's bytes never change.
//! * One writer owns a directory at a time; readers need no lock.
//!
//! Not promised: a directory that was rolled back to an older copy looks valid by itself, so
//! keep the last head elsewhere and pass it to `expect_head`. And a mapped read that meets a
//! device error or a file cut short from outside raises `SIGBUS`; the builder can choose
//! positioned reads instead. In a forked child an inherited tree can be read and is closed
//! otherwise; a tree that the child opens itself is owed its background threads only if threads
//! start there, and after a fork from a process with several threads they may not: see "Forked
//! children" in `docs/durability.md`.
//!
//! # N known only at run time
//!
//! Every tree is an object too, whose type does not name N (`AnyTree`), and its snapshots are
//! ([`AnySnapshot`]), with proofs as bytes, which [`AnyProof`] verifies. `AnyTreeBuilder` opens one
//! for an N that is a number, 2, 3, 4, 8 or 16, or opens any existing tree; `inspect` identifies
//! the tree of a directory.
//!
//! # How much memory `pin_above_level` takes
//!
//! `TieringConfig::pin_above_level = p` keeps the levels `p` and above in memory once they are
//! checkpointed; the lower ones are read from chunk files, or hashed from them where they are not
//! stored. That is 32 bytes times the sum of `size / N^k` over `k >= p`. For 2^30 leaves (about a
//! billion):
//!
//! | p | N = 2 | N = 4 | N = 8 | N = 16 |
//! | --- | --- | --- | --- | --- |
//! | 0, all levels | 64 GiB | 43 GiB | 37 GiB | 34 GiB |
//! | 2 | 16 GiB | 2.7 GiB | 585 MiB | 137 MiB |
//! | 5 | 2 GiB | 43 MiB | 1.1 MiB | 34 KiB |
//! | 10 | 64 MiB | 43 KiB | 32 B | none |
//! | 20 | 64 KiB | none | none | none |
//!
//! The default, `usize::MAX`, pins nothing. Nodes that no checkpoint covers yet are in memory in
//! any case. Most levels are not stored (`RotorTreeBuilder::level_stride`): proofs hash them from
//! blocks of stored nodes, and keep these in at most 64 MiB for a tree
//! (`RotorTreeBuilder::block_cache_bytes`).
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `storage` (default) | `RotorTree`; without it only the in-memory crates are here, and they are `no_std` with `alloc` |
//! | `std` (default) | what needs the standard library; `storage` and `parallel` imply it |
//! | `blake3` (default) | `Blake3Hasher` |
//! | `digest` | `DigestHasher`, a hasher of any RustCrypto digest of 32 bytes |
//! | `sha2`, `keccak` | `Sha256Hasher`, `Rfc6962Hasher`, `rfc6962_leaf`; `Keccak256Hasher` |
//! | `parallel` | large batches are hashed on rayon's threads |
//! | `serde` | serialization of proofs, heads and frontiers, and of statistics and recovery reports |
//! | `index` | `LeafIndex`, from a leaf to its index, which can refuse duplicates |
//! | `tracing` | spans and events |
//! | `metrics` | counters, gauges and histograms |
//! | `object-store` | `object_store`: trees in a bucket; providers are features of `rotortree-object-store` |
//!
//! Features only add: no signature changes under any of them.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

pub use rotortree_hasher as hasher;
#[cfg(feature = "index")]
pub use rotortree_index as index;
pub use rotortree_lean_imt as lean_imt;
#[cfg(feature = "object-store")]
pub use rotortree_object_store as object_store;
#[cfg(feature = "storage")]
pub use rotortree_store as store;

#[cfg(feature = "digest")]
pub use rotortree_hasher::DigestHasher;
#[cfg(feature = "keccak")]
pub use rotortree_hasher::Keccak256Hasher;
#[cfg(feature = "sha2")]
pub use rotortree_hasher::{Rfc6962Hasher, Sha256Hasher, rfc6962_leaf};
#[cfg(feature = "index")]
#[doc(inline)]
pub use rotortree_index::{
    Duplicate, Duplicates, FileFault, IndexError, IndexOptions, IndexReport, IndexStats, IndexView,
    LeafIndex, SavePolicy,
};
#[cfg(feature = "blake3")]
pub use rotortree_lean_imt::Blake3Hasher;
#[cfg(feature = "std")]
pub use rotortree_lean_imt::ConcurrentLeanIMT;
#[cfg(feature = "serde")]
pub use rotortree_lean_imt::FrontierParts;
#[doc(inline)]
pub use rotortree_lean_imt::{
    AnyLeanIMT, AnyProof, AnySnapshot, BatchError, BatchFailure, BinaryPath, CatchUpProof,
    ConsistencyProof, DecodeError, Frontier, Hash, HashRole, Hasher, HeadError, Hex, HexError,
    Kind, LeanIMT, LeanImtProof, Leaves, MultiProof, NaryProof, NodeFailure, PaddedProof,
    ProofLevel, RangeProof, SharedHasher, TreeError, TreeHead, TreeSnapshot, UnrootedCatchUp,
    UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange, VerifyError, any,
    encoding, peek_kind,
};
#[cfg(feature = "storage")]
#[doc(inline)]
pub use rotortree_store::{
    AnyReadOnly, AnyTree, AnyTreeBuilder, Append, BackupProgress, BackupReport, CheckpointFailure,
    CheckpointPolicy, Completion, CutNotice, Damage, DurabilityToken, Durable, DurableHeads,
    FlushPolicy, Following, InsertHook, LogBreak, OpenProgress, Placement, Published, ReadOnly,
    RecoveryMode, RecoveryReport, Refusal, RefusalReason, RotorTree, RotorTreeBuilder,
    RotorTreeConfig, RotorTreeError, Runtime, Stats, StorageError, StoreIdentity, TieringConfig,
    VerifyProgress, inspect, storage::Reads,
};

/// The README's code, compiled and run.
#[cfg(all(doctest, feature = "storage", feature = "blake3"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(
    doctest,
    feature = "blake3",
    feature = "index",
    feature = "object-store",
    feature = "sha2"
))]
mod guide;
