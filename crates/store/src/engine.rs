//! The engine: inserts, group commit, background checkpoints, and their readers.
//!
//! A component owns its state and the lock of that state. It calls only components below it:
//!
//! ```text
//! RotorTree          the handle: every public method, closing when it is dropped
//!  |
//! Parts              the components put together; what the background asks of a tree
//!  |
//!  +- Inserter       admission; an entry into the tree, the log and what readers see
//!  |   |
//!  +- Checkpointer   the steps of a checkpoint; CheckpointQueue: one at a time, then removal
//!  |   |
//!  +- Committer      what the leader does: syncs, rotations, marks (knows no tree)
//!  |   |
//!  |   +- Catalog      the manifest in force; the one way to commit the next
//!  |   +- GroupCommit  what is durable, who waits for it, the log while no thread leads
//!  |   +- PendingSource (a trait)
//!  |        :
//!  +- Writer         tree and pending records behind one lock: hash, record, publish
//!      |
//!      +- Publication  what readers see, now and as of the last sync; waiters for a size
//!      +- Policy       when a checkpoint is due
//!      +- Status       failed, closed, forked, hashing
//! ```
//!
//! Two arrows would point up, and do not. A leader takes records through `PendingSource`. Tokens,
//! timers and jobs hold `GroupCommit` alone and reach the tree through the trait `Worker`, until
//! closing removes the reference. A failure reaches every waiter in the same way.
//!
//! | file | what |
//! | --- | --- |
//! | `append`, `entry`, `placement` | what an insert is asked for, as its users and as the engine see it; where it stands |
//! | `inserter`, `writer` | see above |
//! | `committer`, `leader`, `log`, `manifests` | what the leader does; the right to it; the write end of the log; the manifests of a leader beside those of rotations |
//! | `pending` | the seam between log and tree |
//! | `group_commit`, `background`, `waiters` | see above; the jobs and ticks of a tree; the wakers of futures |
//! | `checkpointer`, `checkpoint_queue`, `checkpoint_failed`, `policy` | see above; a checkpoint that failed, as it is told |
//! | `catalog`, `publication`, `heads`, `status` | see above; heads of recent appends, found by their roots |
//! | `parts`, `close`, `tenure` | putting together; closing; ownership, and the one call that gives it up |
//! | `token`, `durable_heads` | what an insert returns for waiting; following what becomes durable |
//! | `backup` | a copy on another storage, of a running tree |
//! | `shortage` | writes that were not made, and are made later |
//! | `stats`, `stats_text`, `figures`, `events` | what can be observed |
//! | `locks` | the order of all locks, and waiting |
//! | `hashing`, `outbox` | code of others: the hasher, under the writer's lock; all other, when no lock is held |

mod append;
#[cfg(all(test, not(loom)))]
mod async_tests;
mod background;
mod backup;
mod catalog;
mod checkpoint_failed;
mod checkpoint_queue;
mod checkpointer;
mod close;
mod committer;
mod durable_heads;
mod entry;
mod events;
mod figures;
mod group_commit;
mod hashing;
mod heads;
mod inserter;
mod leader;
mod locks;
pub(crate) mod log;
#[cfg(all(test, loom))]
mod loom_models;
mod manifests;
mod outbox;
mod parts;
mod pending;
mod placement;
mod policy;
mod publication;
mod shortage;
mod stats;
mod stats_text;
mod status;
mod tenure;
mod token;
mod waiters;
mod writer;

pub(crate) use self::parts::Parts;
pub use self::{
    append::Append,
    backup::BackupReport,
    durable_heads::DurableHeads,
    placement::Placement,
    stats::Stats,
    token::{DurabilityToken, Durable},
};
