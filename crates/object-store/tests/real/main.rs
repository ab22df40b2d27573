//! A store that runs: what it promises, and the backend over it. `cargo xtask bucket` starts one,
//! and runs these tests.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod backend;
#[cfg(unix)]
mod fight;
mod front;
mod kept;
#[path = "../simulation/observed.rs"]
mod observed;
mod place;
mod promises;
mod refused;
