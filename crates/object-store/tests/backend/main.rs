//! The backend over stores of this process: the contract, trees, callers of every kind.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod cache;
mod callers;
mod collecting;
mod conformance;
mod copies;
mod damage;
mod forks;
#[cfg(feature = "metrics")]
mod metrics;
mod objects;
mod opening;
mod ownership;
mod packs;
mod place;
mod trees;
