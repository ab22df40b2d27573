//! The engine: inserts, group commit, background checkpoints, and their readers.
//!
//! A component owns its state and the lock of that state. It calls only components below it:
//!
//! ```text
//! RotorTree          the handle: every public method, closing when it is dropped
//!  |
//! Parts              the components of one tree; the work that the background asks of it
//!  |
//!  +- Inserter       admission; passes an entry to the tree, the log and the readers
//!  |   |
//!  +- Checkpointer   the steps of a checkpoint; CheckpointQueue: one at a time, then removal
//!  |   |
//!  +- Committer      the work of the leader: syncs, rotations, marks (knows no tree)
//!  |   |
//!  |   +- Catalog      the manifest in force; the only way to commit the next
//!  |   +- GroupCommit  the durable sequence, its waiters, the log while no thread leads
//!  |   +- PendingSource (a trait)
//!  |        :
//!  +- Writer         tree and pending records behind one lock: hash, record, publish
//!      |
//!      +- Publication  the readers' view, now and as of the last sync; waiters for a size
//!      +- Policy       when a checkpoint is due
//!      +- Status       failed, closed, forked, hashing
//! ```
//!
//! Two arrows would point up, and do not. A leader takes records through `PendingSource`. Tokens,
//! timers and jobs hold `GroupCommit` alone and reach the tree through the trait `Worker`, until
//! closing removes the reference. A failure reaches every waiter in the same way.
//!
//! | file | content |
//! | --- | --- |
//! | `append`, `entry`, `placement` | an insert as its users and as the engine see it; its place in the tree |
//! | `inserter`, `writer` | see above |
//! | `committer`, `leader`, `log`, `manifests` | the work of the leader; the right to lead; the write end of the log; manifests other than those of rotations |
//! | `pending` | the leader's source of records |
//! | `chunk_put` | a large batch's whole chunks, put in place before the batch is recorded |
//! | `group_commit`, `background`, `waiters` | see above; the jobs and ticks of a tree; the wakers of futures |
//! | `checkpointer`, `checkpoint_queue`, `checkpoint_failed`, `policy` | see above; the outcome of a failed checkpoint |
//! | `catalog`, `publication`, `heads`, `status` | see above; heads of recent appends, found by their roots |
//! | `parts`, `close`, `tenure` | opening; closing; ownership, and the one call that gives it up |
//! | `token`, `durable_heads` | the handle on an insert's durability; the stream of durable heads |
//! | `backup` | a copy of a running tree on another storage |
//! | `shortage` | postponed writes |
//! | `stats`, `stat`, `observe`, `figures`, `events`, `meter` | the observable state and how it is read, events, metrics |
//! | `locks` | the order of all locks, and waiting |
//! | `hashing`, `outbox` | foreign code: the hasher under the writer's lock, all other once no lock is held |

mod append;
#[cfg(all(test, not(loom)))]
mod async_tests;
mod background;
mod backup;
mod catalog;
mod checkpoint_failed;
mod checkpoint_queue;
mod checkpointer;
mod chunk_put;
mod close;
mod committer;
mod durable_heads;
mod entry;
pub(crate) mod events;
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
mod meter;
mod observe;
mod outbox;
mod parts;
mod pending;
mod placement;
mod policy;
mod polling;
mod publication;
mod shortage;
mod stat;
mod stats;
mod status;
mod tenure;
mod token;
mod waiters;
mod writer;

#[cfg(feature = "metrics")]
pub(crate) use self::outbox::defer;
pub(crate) use self::parts::Parts;
pub use self::{
    append::Append,
    durable_heads::DurableHeads,
    placement::Placement,
    stats::Stats,
    token::{DurabilityToken, Durable},
};
