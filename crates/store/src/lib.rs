//! Durable storage for rotortree trees.

pub mod checkpoint;
pub mod chunk;
pub mod cold;
mod error;
pub mod file_layer;
pub mod fs;
mod lock;
pub mod memory;
pub mod manifest;
pub mod shape;
pub mod storage;
#[cfg(feature = "test-util")]
pub mod test_util;

pub use error::StorageError;
