//! The storage backends from outside, each held to the whole contract.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod contract;
mod crash;
mod golden_chunks;
#[path = "../common/intercepted.rs"]
mod intercepted;
mod objects;
mod owner;
mod place;
mod properties;
mod takeover;
