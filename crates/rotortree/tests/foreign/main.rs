//! Foreign code (wakers, subscribers, callbacks, hashers, destructors) that panics, blocks or calls
//! the tree back; and devices, threads and numbers that a tree does not choose. Rows 18, 20 and 22
//! of `docs/durability/faults.md`.

#![cfg(all(feature = "storage", feature = "blake3"))]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

#[path = "../common/mod.rs"]
mod common;

mod callbacks;
mod destructors;
#[cfg(feature = "tracing")]
mod events;
mod extremes;
mod gate;
mod hashers;
mod methods;
#[cfg(target_os = "linux")]
mod no_thread;
mod stalls;
mod wakers;
