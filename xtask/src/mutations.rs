//! Mutations: protections that are removed one at a time, each with the test that must fail then.
//!
//! One file per area holds its mutations, in `xtask/mutations`. `mutation` says what one is, `list`
//! reads the files, `code` finds a text whatever its layout, `copy` keeps the checkout out of it,
//! `trial` builds and runs, `verdict` tells what came out. The command is `commands/mutations.rs`;
//! that the list does not rot is checked by `tidy/mutations.rs`, without building.

mod code;
mod copy;
mod list;
mod mutation;
mod trial;
mod verdict;

pub(crate) use code::Code;
pub(crate) use copy::Copy;
pub(crate) use list::{AREAS, Area, FOLDER, parse, read};
pub(crate) use mutation::{Mutation, Test};
pub(crate) use trial::Trials;
pub(crate) use verdict::Fate;

/// The rows of the fault table in `docs/durability/faults.md`.
pub(crate) const ROWS: std::ops::RangeInclusive<u8> = 1..=25;
