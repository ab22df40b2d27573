//! The rows of the table, one file each. A row is added by declaring its file and naming
//! it in [`ALL`].

mod contenders;
mod limits;
mod p01_insert_many;
mod p02_insert_many_parallel;
mod p03_insert;
mod p04_insert_logged;
mod p05_insert_durable;
mod p06_snapshot;
mod p07_proofs;
mod p08_replay;
mod p09_checkpoint;
mod p10_bulk_load;
mod p12_memory;
mod p13_encoded_proof;
mod p14_stored_proofs;
mod p15_waited_batches;
mod p16_refresh;
mod p17_index;
mod p18_server;
mod row;
mod scale;
mod shape;

pub use row::Row;

use crate::Outcome;
use crate::child::{self, Task};

/// Runs the task of a child and reports to the parent.
///
/// # Errors
/// Those of the trees, and an unknown task.
pub fn work(task: &Task) -> Outcome<()> {
    let all = [p10_bulk_load::WORK, p12_memory::WORK, scale::WORK];
    let work = all
        .iter()
        .find(|work| work.tasks.contains(&task.name.as_str()))
        .ok_or_else(|| format!("There is no task `{}`.", task.name))?;
    Ok(child::tell(&(work.run)(task)?)?)
}

/// Every row, in the order of the table.
pub const ALL: &[Row] = &[
    limits::ROW,
    p01_insert_many::ROW,
    p02_insert_many_parallel::ROW,
    p03_insert::ROW,
    p04_insert_logged::ROW,
    p05_insert_durable::ROW,
    p06_snapshot::ROW,
    p07_proofs::ROW,
    p08_replay::ROW,
    p09_checkpoint::ROW,
    p10_bulk_load::BULK_LOAD,
    p10_bulk_load::REOPEN,
    p12_memory::ROW,
    p13_encoded_proof::ROW,
    p14_stored_proofs::ROW,
    p15_waited_batches::ROW,
    p16_refresh::ROW,
    p17_index::ROW,
    p18_server::ROW,
    shape::ROW,
    scale::ROW,
    contenders::ROW,
];

/// The row called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Row> {
    ALL.iter().find(|row| row.name.eq_ignore_ascii_case(name))
}
