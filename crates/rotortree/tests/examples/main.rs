//! The examples as programs, as a user runs them: what their own tests cannot see is the process
//! around them, its arguments, its standard input and output, and its exit code.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail like one")]
#![cfg(all(feature = "storage", feature = "blake3"))]

mod any_tree;
mod append_log;
mod program;
mod reorgs;
