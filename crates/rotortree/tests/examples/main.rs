//! The examples as programs, as a user runs them. They check what the examples' own tests cannot:
//! arguments, standard input and output, and the exit code.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail like one")]
#![cfg(all(feature = "storage", feature = "blake3"))]

mod any_tree;
mod append_log;
mod chain_indexer;
mod program;
