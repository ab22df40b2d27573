//! `rotortree serve` as a process: killed under load, under limits of the system, and a standby
//! that takes over.
#![cfg(all(feature = "serve", unix))]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod client;
mod descriptors;
mod kills;
mod limits;
mod process;
mod standby;
