//! The durable tree through the facade, on a real file system.
#![cfg(all(feature = "storage", feature = "blake3"))]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod any_tree;
mod asynchronous;
mod backpressure;
mod boundaries;
#[cfg(all(feature = "index", feature = "object-store"))]
mod bucket_index;
mod checkpoints;
mod closing;
#[path = "../common/mod.rs"]
mod common;
mod damage;
mod emptied;
mod failing;
mod identity;
#[cfg(target_os = "linux")]
mod idle;
mod metadata;
#[cfg(target_os = "linux")]
mod no_files;
#[cfg(target_os = "linux")]
mod paths;
mod place;
mod readers;
mod readme;
mod refusals;
#[cfg(target_os = "linux")]
mod replaced;
mod reports;
#[cfg(feature = "keccak")]
mod stolen_inserts;
mod support;
mod surface;
mod sustained;
mod thread_pools;
mod tokens;
mod trying;
