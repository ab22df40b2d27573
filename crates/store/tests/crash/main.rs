//! Crashes, enumerated: every point of many short workloads, every subset of the unsynced state (up
//! to a bound, sampled above it), and a second crash within recovery. Failing calls, everywhere.
//! Rows 1, 2, 5, 6, 7, 9 and 10 of `docs/durability/faults.md`.
//!
//! `ROTORTREE_CRASH_DEPTH` (default 3) is the length of the enumerated workloads,
//! `ROTORTREE_CRASH_IMAGES` (default 32) the bound per crash point.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]
#![expect(clippy::print_stdout, reason = "the tests tell what they found")]

mod backup;
mod backup_by_shards;
mod backup_by_view;
#[path = "../common/builder.rs"]
mod builder;
mod check;
mod enumeration;
mod faults;
mod following;
#[path = "../common/intercepted.rs"]
mod intercepted;
mod killed;
mod large_batches;
mod large_log;
mod meanwhile;
mod random;
mod readers;
mod replaced;
mod shortages;
#[path = "../common/silence.rs"]
mod silence;
mod workload;

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}
