//! From a storage backend to a running engine.

use std::sync::Arc;

use rotortree_hasher::Hasher;
use rotortree_lean_imt::SpareSnapshot;
use rotortree_wal::GroupBuffer;

use super::{
    checkpointing::Checkpoints,
    commit::Commit,
    core::{Core, Status},
    heads::RecentHeads,
    policy::{Due, node_count},
    stats::Counters,
    write::Writer,
};
use crate::{
    EngineConfig, RotorTreeError, StorageError,
    recovery::{self, Recovered},
    storage::Storage,
    sync::{ArcSwap, AtomicBool, AtomicUsize, Condvar, Mutex, lock},
};

impl<H: Hasher, const N: usize, const D: usize> Core<H, N, D> {
    pub(super) fn open(
        hasher: H,
        storage: Arc<dyn Storage>,
        config: EngineConfig,
    ) -> Result<Arc<Self>, RotorTreeError> {
        config.check(D)?;
        let Recovered {
            ownership,
            tree,
            manifest,
            cold,
            log,
            report,
        } = recovery::open::<H, N, D>(&hasher, &storage, &config).inspect_err(|error| {
            // The error itself has no room for the place.
            if matches!(error, RotorTreeError::Storage(StorageError::FileLocked)) {
                super::events::locked(&storage.describe());
            }
        })?;
        super::events::opened(&storage.describe(), tree.size(), &report);
        // Everything recovered is durable by now.
        let snapshot = Arc::new(tree.snapshot());
        let due = Due::starting_at(node_count(manifest.size, N as u64));
        let heads = RecentHeads::new(config.recent_heads, snapshot.head());
        let pending = GroupBuffer::new(log.durable.sequence + 1);
        let core = Arc::new_cyclic(|me| Self {
            me: me.clone(),
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
            admission: Condvar::new(),
            published: ArcSwap::new(Arc::clone(&snapshot)),
            heads,
            size_waiters: AtomicUsize::new(0),
            size_lock: Mutex::new(()),
            size_changed: Condvar::new(),
            durable: ArcSwap::new(snapshot),
            commit: Mutex::new(Commit::new(log)),
            commit_changed: Condvar::new(),
            tick_is_due: AtomicBool::new(false),
            manifest: Mutex::new(manifest),
            cold: Mutex::new(cold),
            checkpoints: Mutex::new(Checkpoints::default()),
            checkpoints_changed: Condvar::new(),
            ownership: Mutex::new(Some(ownership)),
            status: Status::new(),
            counters: Counters::new(due),
        });
        // What was replayed may be more than the policy allows.
        core.consider_checkpoint(&mut lock(&core.writer));
        Ok(core)
    }
}
