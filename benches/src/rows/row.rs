//! [`Row`]: one row of the table. [`Work`]: what it does in processes of their own.

use crate::Outcome;
use crate::child::Task;
use crate::context::Context;
use crate::report::Line;

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// Its name on the command line: `p3`.
    pub name: &'static str,
    /// The title: what it measures.
    pub title: &'static str,
    /// Whether it runs only when it is named: it takes minutes and much of a disk.
    pub alone: bool,
    /// Measures it.
    pub run: fn(&Context) -> Outcome<Vec<Line>>,
}

/// The work of rows in processes of their own.
pub(super) struct Work {
    /// The names of its tasks.
    pub(super) tasks: &'static [&'static str],
    /// Runs a task and returns the numbers for the parent.
    pub(super) run: fn(&Task) -> Outcome<Vec<f64>>,
}
