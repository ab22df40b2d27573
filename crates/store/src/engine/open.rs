//! From a storage backend to a running engine.

use std::sync::{Arc, Weak};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::SpareSnapshot;
use rotortree_wal::GroupBuffer;

use super::{
    checkpointing::Checkpoints,
    closing::Tenure,
    core::Core,
    group_commit::GroupCommit,
    heads::RecentHeads,
    outbox,
    policy::{Due, node_count},
    reentry::Hashing,
    stats::Counters,
    status::Status,
    write::Writer,
};
use crate::{
    RotorTreeError, StorageError,
    recovery::{self, Recovered},
    settings::Settings,
    storage::Storage,
    sync::{ArcSwap, AtomicUsize, Condvar, Mutex, lock},
};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    pub(crate) fn open(
        hasher: H,
        storage: Arc<dyn Storage>,
        mut config: Settings,
    ) -> Result<Arc<Self>, RotorTreeError> {
        config.check(MAX_DEPTH)?;
        let _outbox = outbox::scope();
        let Recovered {
            ownership,
            tree,
            manifest,
            cold,
            log,
            report,
        } = recovery::open::<H, N, MAX_DEPTH>(&hasher, &storage, &config).inspect_err(|error| {
            // The error itself has no room for the place.
            if matches!(error, RotorTreeError::Storage(StorageError::FileLocked)) {
                super::events::locked(storage.describe());
            }
        })?;
        config.runtime.reserve().fill();
        super::events::opened(storage.describe(), tree.size(), report.clone());
        // A tree that nothing is done with keeps no segment open.
        storage.rest();
        // Everything recovered is durable by now.
        let snapshot = Arc::new(tree.snapshot());
        let due = Due::starting_at(node_count(manifest.size, N as u64), log.bytes());
        let heads = RecentHeads::new(config.recent_heads, snapshot.head());
        let pending = GroupBuffer::new(log.durable.sequence + 1);
        let status = Arc::new(Status::new());
        let runtime = config.runtime.clone();
        // Called for the last time: what it holds need not live as long as the tree.
        config.progress = None;
        let core = Arc::new_cyclic(|me: &Weak<Self>| Self {
            storage,
            config,
            report,
            writer: Mutex::new(Writer {
                tree,
                pending,
                streaming: false,
                entries: 0,
                look_at_size: 0,
                spare: SpareSnapshot::default(),
            }),
            hashing: Hashing::default(),
            admission: Condvar::new(),
            published: ArcSwap::new(Arc::clone(&snapshot)),
            heads,
            size_waiters: AtomicUsize::new(0),
            size_lock: Mutex::new(()),
            size_changed: Condvar::new(),
            durable: ArcSwap::new(snapshot),
            commit: GroupCommit::new(log, Arc::clone(&status), runtime, me.clone()),
            manifest: Mutex::new(manifest),
            cold: Mutex::new(cold),
            checkpoints: Mutex::new(Checkpoints::default()),
            checkpoints_changed: Condvar::new(),
            tenure: Tenure::new(ownership),
            status,
            counters: Counters::new(due),
        });
        // What was replayed may be more than the policy allows.
        let due = core.consider_checkpoint(&mut lock(&core.writer));
        if due {
            core.ask_checkpoint(true);
        }
        Ok(core)
    }
}
