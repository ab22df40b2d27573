//! The store from outside: its backends, its files, and the engine above them.
//!
//! One program, since each program links the whole crate once more. `memory` and `tracing` are
//! programs of their own: the one replaces the allocator of its process, the other reads a
//! subscriber that threads of other tests would disturb.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]
#![expect(clippy::print_stdout, reason = "the tests tell what they found")]

mod backends;
mod backends_crash;
mod backends_objects;
mod backends_owner;
mod backends_place;
mod backends_properties;
mod cold;
mod common;
mod corruption;
mod crash;
#[cfg(unix)]
mod descriptors;
mod engine;
mod golden_chunks;
mod heads;
mod long_log;
mod manifest;
mod panics;
mod shortage;
