//! [`App`]: what all handlers share.

use std::{path::PathBuf, sync::Arc};

use rotortree::{AnySnapshot, Hash, TreeHead};
use rotortree_proof_forms::{Subject, TreeHash};
use tokio::sync::{Semaphore, watch};

use crate::{
    answers::Answers,
    appender::Appender,
    body::Bodies,
    calls::Calls,
    find::{Index, Sought, find},
    limits::Limits,
    metrics::Meter,
    problem::Problem,
    source::Source,
    tokens::Tokens,
};

/// The state of a server.
pub(crate) struct App {
    pub(crate) source: Source,
    pub(crate) hash: Arc<TreeHash>,
    pub(crate) limits: Limits,
    pub(crate) work: Work,
    pub(crate) writing: Option<Writing>,
    pub(crate) index: Option<Index>,
    pub(crate) tiles: Option<PathBuf>,
    /// Whether the server stops.
    pub(crate) stopping: watch::Sender<bool>,
}

/// The bounds on work, and what is told of it.
pub(crate) struct Work {
    pub(crate) calls: Calls,
    pub(crate) bodies: Bodies,
    pub(crate) answers: Answers,
    pub(crate) followers: Arc<Semaphore>,
    pub(crate) meter: Meter,
    /// Who may read the metrics, where a token is wanted.
    pub(crate) scrapers: Option<Tokens>,
}

/// What a server that writes has.
pub(crate) struct Writing {
    pub(crate) appender: Appender,
    pub(crate) tokens: Tokens,
}

impl App {
    /// Runs a call of the tree on the durable state now, or when it had `size` leaves.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        size: Option<u64>,
        call: impl FnOnce(&Self, &dyn AnySnapshot) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.work.calls.run(self.asking(size, call)).await
    }

    /// As [`ask`](Self::ask), for a call that reads a few nodes.
    pub(crate) async fn ask_briefly<T: Send + 'static>(
        self: &Arc<Self>,
        size: Option<u64>,
        call: impl FnOnce(&Self, &dyn AnySnapshot) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.work.calls.run_briefly(self.asking(size, call)).await
    }

    fn asking<T, F>(
        self: &Arc<Self>,
        size: Option<u64>,
        call: F,
    ) -> impl FnOnce() -> Result<T, Problem> + use<T, F>
    where
        F: FnOnce(&Self, &dyn AnySnapshot) -> Result<T, Problem>,
    {
        let app = Arc::clone(self);
        move || {
            let snapshot = app.source.snapshot_at(size)?;
            call(&app, &*snapshot)
        }
    }

    /// Returns once the server stops.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender is a field of this value, so that it is not gone.
        drop(stopping.wait_for(|stopping| *stopping).await);
    }

    /// The subject of proofs about a state.
    pub(crate) fn subject(&self, snapshot: &dyn AnySnapshot) -> Subject {
        let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
        Subject::new(Arc::clone(&self.hash), snapshot.arity(), head)
    }

    /// The index of a leaf that is durable, by the index or by reading at most so many leaves as
    /// the limit says.
    pub(crate) fn find(&self, snapshot: &dyn AnySnapshot, leaf: &Hash) -> Result<Sought, Problem> {
        let index = self.index.as_ref();
        let indexed = index
            .map(|index| index.find(&self.source, leaf))
            .transpose()?;
        find(indexed, snapshot, leaf, self.limits.scan_leaves)
    }
}
