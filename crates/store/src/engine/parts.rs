//! [`Parts`]: the components of one tree, and the work that the background asks of them.

use std::{
    sync::{Arc, Weak},
    time::Instant,
};

use rotortree_hasher::{Hash, Hasher};

use super::{
    append::Append,
    catalog::Catalog,
    checkpointer::Checkpointer,
    committer::Committer,
    durable_heads::DurableHeads,
    events,
    group_commit::{GroupCommit, Tick, Worker},
    inserter::Inserter,
    meter::Meter,
    outbox,
    policy::Policy,
    publication::Publication,
    status::Status,
    tenure::Tenure,
    token::Durable,
    writer::Writer,
};
use crate::{
    RecoveryReport, RotorTreeError, StorageError,
    recovery::{self, Recovered},
    settings::Settings,
    storage::Storage,
    verify::{Progress, verify_nodes},
};

pub(crate) struct Parts<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(crate) config: Settings,
    pub(crate) report: RecoveryReport,
    pub(crate) publication: Arc<Publication<N, MAX_DEPTH>>,
    pub(super) writer: Arc<Writer<H, N, MAX_DEPTH>>,
    pub(crate) committer: Arc<Committer>,
    pub(crate) checkpointer: Arc<Checkpointer<H, N, MAX_DEPTH>>,
    pub(super) inserter: Inserter<H, N, MAX_DEPTH>,
    pub(super) tenure: Tenure,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Parts<H, N, MAX_DEPTH> {
    /// Recovers the tree on `storage`, and builds its components.
    pub(crate) fn open(
        hasher: H,
        storage: Arc<dyn Storage>,
        mut config: Settings,
    ) -> Result<Arc<Self>, RotorTreeError> {
        config.check(N, MAX_DEPTH)?;
        let _outbox = outbox::scope();
        let began = Instant::now();
        let recovered = recovery::open(&hasher, &storage, &config).inspect_err(|error| {
            // The error itself has no room for the place.
            if matches!(error, RotorTreeError::Storage(StorageError::FileLocked)) {
                events::locked(storage.describe());
                Meter::locked(&*storage);
            }
        })?;
        config.runtime.reserve().fill();
        let size = recovered.tree.size();
        events::opened(storage.describe(), size, recovered.report.clone());
        // An idle tree keeps no segment open.
        storage.release_idle();
        // Dropped after its last call: its captures need not live as long as the tree.
        config.progress = None;
        let meter = Meter::of(&*storage);
        meter.opened(&recovered.report, began.elapsed());
        let parts = Arc::new_cyclic(|me| Self::compose(recovered, storage, meter, config, me));
        parts.measure();
        // The replayed log may exceed the bound of the policy.
        if parts.writer.is_checkpoint_due_now() {
            parts.checkpointer.ask(true);
        }
        Ok(parts)
    }

    fn compose(
        recovered: Recovered<H, N, MAX_DEPTH>,
        storage: Arc<dyn Storage>,
        meter: Meter,
        config: Settings,
        me: &Weak<Self>,
    ) -> Self {
        let Recovered {
            ownership,
            tree,
            manifest,
            cold,
            ahead,
            log,
            report,
        } = recovered;
        // Everything recovered is durable by now.
        let sequence = log.durable.sequence;
        let status = Arc::new(Status::new());
        let policy = Arc::new(Policy::new(
            config.checkpoint_policy,
            N as u64,
            manifest.size,
            log.bytes(),
        ));
        let publication = Arc::new(Publication::new(
            Arc::new(tree.snapshot()),
            config.recent_heads,
            Arc::clone(&status),
        ));
        let writer = Arc::new(Writer::new(
            tree,
            ahead,
            sequence,
            Arc::clone(&publication),
            Arc::clone(&status),
            Arc::clone(&policy),
        ));
        let runtime = config.runtime.clone();
        let catalog = Catalog::new(Arc::clone(&storage), runtime.clone(), manifest);
        let committer = Arc::new(Committer::new(
            storage,
            catalog,
            GroupCommit::new(log, status, runtime, me.clone()),
            policy,
            Arc::clone(&writer) as _,
            meter,
            &config,
        ));
        let checkpointer = Arc::new(Checkpointer::new(
            Arc::clone(&writer),
            Arc::clone(&committer),
            cold,
            &config,
        ));
        let inserter = Inserter::new(
            Arc::clone(&writer),
            Arc::clone(&committer),
            Arc::clone(&checkpointer),
            &config,
        );
        Self {
            config,
            report,
            publication,
            writer,
            committer,
            checkpointer,
            inserter,
            tenure: Tenure::new(ownership),
        }
    }

    pub(super) fn group(&self) -> &Arc<GroupCommit> {
        &self.committer.group
    }

    pub(crate) fn append<'a>(&'a self, leaves: &'a [Hash]) -> Append<'a> {
        Append::new(&self.inserter, leaves)
    }

    /// Whether the tree takes writes.
    pub(crate) fn status(&self) -> &Status {
        &self.committer.group.status
    }

    /// A future of everything inserted so far. The background leads its sync.
    pub(crate) fn flush_async(&self) -> Durable {
        let _outbox = outbox::scope();
        let flush = Durable::new(Arc::clone(self.group()), self.writer.last_inserted());
        match self.status().check() {
            Ok(()) => flush,
            Err(error) => flush.refused(error),
        }
    }

    pub(crate) fn durable_heads(&self) -> DurableHeads {
        DurableHeads::new(Arc::clone(self.group()))
    }

    /// Compares every stored node with the hash of its children, and every chunk with its checksum.
    pub(crate) fn verify(
        &self,
        hasher: &H,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StorageError> {
        verify_nodes(hasher, &self.publication.snapshot(), progress)?;
        // Levels that are pinned in memory have chunks too, which no snapshot reads.
        self.checkpointer.cold.load_full().check_all(&mut |_| {})?;
        let status = self.status();
        if !status.is_closed() && status.check_process().is_ok() {
            // Nodes and checksums behind whole chunks and sectors are in memory; the manifest
            // stores their copies.
            self.committer.catalog.check_stored()?;
        }
        Ok(())
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Worker for Parts<H, N, MAX_DEPTH> {
    fn wait_durable(&self, sequence: u64) -> Result<(), StorageError> {
        self.committer.wait_durable(sequence)
    }

    fn flush_all(&self) -> Result<(), StorageError> {
        self.committer.flush_all()
    }

    fn tick(&self, tick: Tick) {
        self.committer.tick(tick);
        if tick == Tick::Mark {
            self.measure();
        }
    }

    fn checkpoint(&self) {
        self.checkpointer.make_due();
        self.measure();
    }

    fn retry_checkpoint(&self) {
        self.checkpointer.retry();
        self.measure();
    }

    fn measure(&self) {
        if Meter::IS_ON {
            drop(self.stats());
        }
    }

    fn remove_covered(&self) {
        let _outbox = outbox::scope();
        self.checkpointer.queue.remove_covered();
    }

    fn wake_all(&self) {
        self.checkpointer.queue.wake();
        self.publication.wake();
        self.writer.wake();
        if Meter::IS_ON && self.status().failure().is_some() {
            // No tick follows the failure.
            let _ = self.group().run(|worker| worker.measure());
        }
    }
}
