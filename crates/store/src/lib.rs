//! Durable storage for rotortree trees.

pub mod checkpoint;
pub mod chunk;
pub mod cold;
mod error;
pub mod file_layer;
pub mod fs;
mod lock;
pub mod manifest;
pub mod memory;
pub mod shape;
pub mod storage;
#[cfg(feature = "test-util")]
pub mod test_util;
pub mod verify;

pub use error::StorageError;
