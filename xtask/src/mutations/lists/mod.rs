//! The lists, one file per area, in the order in which they are tried: lower crates first, so that little is built anew.
//!
//! A text to find is as short as it can be and still stand alone; where code moves, `cargo xtask tidy` says which entry no
//! longer fits.

mod chunks;
mod engine;
mod files;
mod log;
mod memory;
mod processes;
mod proofs;
mod readers;
mod recovery;
mod tests;

use super::Mutation;

/// The areas and their mutations.
pub(crate) const AREAS: &[(&str, &[Mutation])] = &[
    ("proofs", proofs::LIST),
    ("memory", memory::LIST),
    ("log", log::LIST),
    ("chunks", chunks::LIST),
    ("files", files::LIST),
    ("recovery", recovery::LIST),
    ("readers", readers::LIST),
    ("engine", engine::LIST),
    ("processes", processes::LIST),
];

/// Every mutation.
pub(crate) fn all() -> impl Iterator<Item = &'static Mutation> {
    AREAS.iter().flat_map(|(_, list)| list.iter())
}
