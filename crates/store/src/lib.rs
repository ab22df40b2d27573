//! Durable storage for rotortree trees.

pub mod chunk;
mod error;
pub mod file_layer;
pub mod fs;
mod lock;
pub mod memory;
pub mod storage;

pub use error::StorageError;
