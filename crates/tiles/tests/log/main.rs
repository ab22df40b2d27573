//! A log as its operator, its clients and its witnesses meet it.
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

#[cfg(feature = "object-store")]
mod bucket;
mod client;
mod crash;
mod disk;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;
mod notes;
#[cfg(feature = "object-store")]
mod objects;
mod publish;
mod sample;
mod witness;
