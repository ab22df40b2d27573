//! The rows of the table, one file each. A row is added by declaring its file and naming it in [`ALL`].

mod p03_insert;
mod p06_snapshot;
mod p07_proofs;
mod p12_memory;
mod p13_encoded_proof;

use crate::Outcome;
use crate::context::Context;
use crate::report::Line;

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// What it is asked for by: `p3`.
    pub name: &'static str,
    /// What it measures.
    pub title: &'static str,
    /// Measures it.
    pub run: fn(&Context) -> Outcome<Vec<Line>>,
}

/// Every row, in the order of the table.
pub const ALL: &[Row] = &[
    p03_insert::ROW,
    p06_snapshot::ROW,
    p07_proofs::ROW,
    p12_memory::ROW,
    p13_encoded_proof::ROW,
];

/// The row called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Row> {
    ALL.iter().find(|row| row.name.eq_ignore_ascii_case(name))
}
