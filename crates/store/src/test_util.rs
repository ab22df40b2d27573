//! For tests of this crate and of storage backends elsewhere; behind the feature `test-util`.
//!
//! Nothing here belongs in a production build: the code asserts and panics where a test should
//! fail.

pub mod conformance;
pub mod counting;
mod forward;
pub mod object;
pub mod sim_files;
pub mod watchdog;
