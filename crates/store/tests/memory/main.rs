//! The memory of opening and reading a store, under a counting allocator: hostile lengths in every
//! field, sparse files of any length, crafted manifests, and the replay of large honest logs. Row
//! 15 of `docs/durability/faults.md`.
//!
//! No test here measures time. But a file of a tebibyte that is read byte by byte does not end
//! before the watchdog does.
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]
#![expect(clippy::print_stdout, reason = "the tests tell what they measured")]

mod allocator;
#[path = "../common/counted.rs"]
mod common_counted;
mod costs;
mod fields;
mod hook;
#[path = "../common/intercepted.rs"]
mod intercepted;
mod replay;
#[cfg(target_os = "linux")]
mod sparse;
mod store;
