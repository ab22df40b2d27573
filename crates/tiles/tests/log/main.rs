//! A log as its operator, its clients and its witnesses meet it.
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod client;
mod crash;
mod disk;
mod notes;
mod publish;
mod sample;
mod witness;
