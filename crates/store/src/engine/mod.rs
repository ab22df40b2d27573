//! The engine: the write path, group commit, background checkpoints, and what reads them.
//!
//! | file | what |
//! | --- | --- |
//! | `core` | the state all parts share, and how it fails |
//! | `open` | from a storage backend to a running engine |
//! | `append` | what an insert is asked for |
//! | `write` | inserting, and admission to it |
//! | `commit` | durability: waiters, the leader, marks |
//! | `lead` | the one right to the write end of the log |
//! | `log` | the write end of the log, and its rotation |
//! | `checkpointing` | checkpoints, step by step |
//! | `policy` | when a checkpoint is due, and when inserts wait for it |
//! | `backup` | a copy on another storage, of a running tree |
//! | `close` | closing, and the handle that does it when dropped |
//! | `token` | what an insert returns for waiting |
//! | `heads` | heads of recent appends, found by their roots |
//! | `shortage` | writes that were not made, and are made later |
//! | `stats`, `stats_text`, `events` | what can be observed |
//!
//! Locks, in the order in which they may be taken: `ownership`, `cold`, `manifest`, `writer`, `commit`, then the small ones. None is held over hashing on
//! other threads; only the first three, which no insert takes, are held over I/O.

mod append;
mod backup;
mod checkpointing;
mod close;
mod commit;
mod core;
mod events;
mod heads;
mod lead;
pub(crate) mod log;
#[cfg(all(test, loom))]
mod loom_models;
mod open;
mod policy;
mod shortage;
mod stats;
mod stats_text;
mod token;
mod write;

pub use self::{
    append::{Append, Placement},
    backup::BackupReport,
    close::Engine,
    stats::Stats,
    token::{DurabilityToken, Durable},
};
