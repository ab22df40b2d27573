//! Durable storage for rotortree trees: the running tree, its backends, recovery and checkpoints.
//!
//! A durable tree is a [`RotorTree`] in a directory or on any [`Storage`](storage::Storage). It
//! appends to a tree in memory (`rotortree-lean-imt`), writes each entry to a log
//! (`rotortree-wal`), and from time to time puts complete nodes into chunk files and replaces a
//! manifest. Opening combines the three: chunks, manifest, log.
//!
//! ```
//! use std::sync::Arc;
//! use rotortree_hasher::Blake3Hasher;
//! use rotortree_store::{RotorTree, memory::MemoryStorage};
//!
//! let storage = MemoryStorage::new();
//! let open = || RotorTree::<_, 4, 20>::on(Arc::new(storage.clone())).open(Blake3Hasher);
//!
//! let tree = open()?;
//! let token = tree.append(&[[1; 32], [2; 32], [3; 32]]).metadata(b"block 17").submit()?;
//! token.wait()?; // From here on these leaves survive a power loss.
//! tree.checkpoint()?;
//! tree.close()?;
//!
//! let tree = open()?;
//! assert_eq!(tree.size(), 3);
//! assert_eq!(tree.snapshot().metadata(), Some(&b"block 17"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Parts
//!
//! | module | is |
//! | --- | --- |
//! | [`storage`] | the trait of a backend, with its contract |
//! | [`fs`], [`memory`] | backends for a directory and for memory |
//! | `test_util` | behind the feature `test-util`: the conformance suite for backends, and backends that crash, fail and lose answers |
//!
//! [`RotorTree`] is the running tree. [`ReadOnly`] is a view beside it that takes no lock and
//! writes nothing. [`AnyTree`] is a tree whose N is a number. [`Runtime`] holds the threads that
//! trees share. [`RecoveryReport`] lists the findings of opening, and [`StoreIdentity`] identifies
//! a store without opening it.
//!
//! # What holds everything together
//!
//! Only complete nodes are stored, each once, and nothing that a committed manifest names is ever
//! written again. So a crash cannot tear a checkpoint, and bytes that a reader has mapped do not
//! change. `docs/durability.md` has one table of the states after interrupted steps, and
//! `docs/format.md` describes every byte.
//!
//! The crate knows no hash function and, outside of [`fs`], no path. It prints nothing. Most
//! programs use the crate `rotortree`; this one is for other backends and other fronts.

// Hidden modules are open to the workspace's own tests, fuzz targets and benches. They are not part
// of the versioned surface.
mod ahead;
mod any_tree;
mod backup;
mod builder;
#[doc(hidden)]
pub mod checkpoint;
#[doc(hidden)]
pub mod chunk;
#[doc(hidden)]
pub mod cold;
mod completion;
mod config;
mod engine;
mod error;
#[doc(hidden)]
pub mod file_layer;
mod fork;
pub mod fs;
mod hashing;
mod hook;
mod identity;
mod isolated;
mod lock;
#[doc(hidden)]
pub mod manifest;
pub mod memory;
#[cfg(feature = "metrics")]
mod metering;
mod read_only;
mod recovery;
mod refusal;
// A model has its own threads.
#[cfg_attr(loom, path = "runtime/models.rs")]
mod runtime;
mod settings;
#[doc(hidden)]
pub mod shape;
mod spans;
pub mod storage;
mod sync;
#[cfg(feature = "test-util")]
pub mod test_util;
mod tree;
#[doc(hidden)]
pub mod verify;

pub use any_tree::{AnyReadOnly, AnyTree, AnyTreeBuilder, inspect};
pub use backup::{BackupProgress, BackupReport};
pub use builder::RotorTreeBuilder;
pub use checkpoint::CheckpointFailure;
pub use completion::Completion;
pub use config::{
    CheckpointPolicy, FlushPolicy, OpenProgress, RecoveryMode, RotorTreeConfig, TieringConfig,
};
pub use engine::{Append, DurabilityToken, Durable, DurableHeads, Placement, Stats};
pub use error::{RotorTreeError, StorageError};
pub use hook::{InsertHook, Published};
pub use identity::StoreIdentity;
pub use manifest::CutNotice;
pub use read_only::{Following, ReadOnly};
pub use recovery::{Damage, LogBreak, RecoveryReport};
pub use refusal::{Refusal, RefusalReason};
pub use runtime::Runtime;
pub use tree::RotorTree;
pub use verify::Progress as VerifyProgress;
