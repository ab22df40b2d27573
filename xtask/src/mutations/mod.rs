//! Mutations: protections taken out one at a time, each with the test that has to fail then.
//!
//! One file per area holds its mutations, in `lists`. `mutation` says what one is, `copy` keeps the checkout out
//! of it, `trial` builds and runs, `verdict` tells what came out. The command is `commands/mutations.rs`; that the list
//! does not rot is checked by `tidy/mutations.rs`, without building.

mod copy;
mod lists;
mod mutation;
mod trial;
mod verdict;

pub(crate) use copy::Copy;
pub(crate) use lists::{AREAS, all};
pub(crate) use mutation::{Mutation, Test};
pub(crate) use trial::Trials;
pub(crate) use verdict::Fate;

/// The rows of the fault table in `docs/durability.md`.
pub(crate) const ROWS: std::ops::RangeInclusive<u8> = 1..=15;
