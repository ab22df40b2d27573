//! Durable storage for rotortree trees.

pub mod chunk;
mod error;
pub mod file_layer;
pub mod storage;

pub use error::StorageError;
