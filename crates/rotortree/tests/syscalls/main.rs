//! System calls of the real filesystem backend that fail, and processes killed at them: for every
//! call that a store makes on its files.
//!
//! The child opens a tree, inserts, flushes, checkpoints, rotates, closes and opens again,
//! three times. strace makes its k-th call of one kind fail, once or from then on, or kills it
//! there; which calls there are is found out by a run without faults.
//! `ROTORTREE_SYSCALL_POINTS` bounds the number of points, which are then chosen evenly from a
//! random start (`ROTORTREE_SYSCALL_SEED`); 0 stands for all of them. Writes that are cut short
//! for real come from a limit on the size of files, for which no strace is needed. The usual
//! run takes about 40 s.
//!
//! Without strace these tests say so; they pass then, unless the variable `CI` is set.
#![cfg(all(target_os = "linux", feature = "storage", feature = "blake3"))]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a failing test has to say"
)]

#[path = "../kill/check.rs"]
mod check;
mod child;
#[path = "../common/mod.rs"]
mod common;
#[path = "../kill/lines.rs"]
mod lines;
mod points;
mod short_writes;
mod strace;
