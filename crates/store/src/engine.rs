//! The engine: the write path, group commit, background checkpoints, and what reads them.
//!
//! | file | what |
//! | --- | --- |
//! | `core` | the state all parts share, and how it fails |
//! | `status` | whether the tree takes writes |
//! | `open` | from a storage backend to a running engine |
//! | `append` | what an insert is asked for |
//! | `write` | inserting, and admission to it |
//! | `commit` | durability: leading a sync, ticks, marks |
//! | `group_commit` | what is durable and who waits for it: the part that tokens and timers hold |
//! | `waiters` | the wakers of futures, in the order of what they wait for |
//! | `background` | what a tree has the background do for its group commit |
//! | `outbox` | events and destructors, which wait until no lock is held |
//! | `reentry` | which thread runs the hasher under the writer lock |
//! | `lead` | the one right to the write end of the log |
//! | `log` | the write end of the log, and its rotation |
//! | `checkpointing` | checkpoints, step by step |
//! | `policy` | when a checkpoint is due, and when inserts wait for it |
//! | `backup` | a copy on another storage, of a running tree |
//! | `close` | closing |
//! | `closing` | ownership, and the one call that gives it up |
//! //! | `durable_heads` | following what becomes durable |
//! | `token` | what an insert returns for waiting |
//! | `heads` | heads of recent appends, found by their roots |
//! | `shortage` | writes that were not made, and are made later |
//! | `stats`, `stats_text`, `events` | what can be observed |
//!
//! Locks, in the order in which they may be taken: `cold`, `manifest`, `writer`, `commit`, then the
//! small ones. Only the first two, which no insert takes, are held over I/O. Code of others runs
//! under none of them but the hasher under `writer`: wakers run on threads of the runtime, events
//! and destructors behind the thread's last lock.

mod append;
#[cfg(all(test, not(loom)))]
mod async_tests;
mod background;
mod backup;
mod checkpointing;
mod close;
mod closing;
mod commit;
mod core;
mod cuts;
mod durable_heads;
mod events;
mod group_commit;
mod heads;
mod lead;
pub(crate) mod log;
#[cfg(all(test, loom))]
mod loom_models;
mod open;
mod outbox;
mod policy;
mod reentry;
mod shortage;
mod stats;
mod stats_text;
mod status;
mod token;
mod waiters;
mod write;

pub(crate) use self::core::Core;
pub use self::{
    append::{Append, Placement},
    backup::BackupReport,
    durable_heads::DurableHeads,
    stats::Stats,
    token::{DurabilityToken, Durable},
};
