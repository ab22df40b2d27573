//! Durable storage for rotortree trees.

pub mod checkpoint;
pub mod chunk;
pub mod cold;
mod config;
mod engine;
mod error;
pub mod file_layer;
pub mod fs;
mod lock;
pub mod manifest;
pub mod memory;
mod read_only;
mod recovery;
mod runtime;
pub mod shape;
pub mod storage;
#[cfg(feature = "test-util")]
pub mod test_util;
pub mod verify;

pub use config::{
    CheckpointPolicy, EngineConfig, FlushPolicy, OpenProgress, ProgressCallback, RecoveryMode,
    TieringConfig,
};
pub use engine::{BackupReport, DurabilityToken, Durable, Engine, Stats};
pub use error::{RotorTreeError, StorageError};
pub use read_only::ReadOnly;
pub use recovery::{Damage, LogBreak, RecoveryReport};
pub use runtime::Runtime;
