//! [`Server`]: a tree and settings, on the way to a router or a socket.

use std::{borrow::Cow, future::Future, io, path::PathBuf, sync::Arc};

use axum::Router;
use rotortree::{AnyReadOnly, AnyTree, IndexView, LeafIndex, RotorTreeError};
use rotortree_proof_forms::{TreeHash, hex};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use crate::{
    answers::Answers,
    app::{App, Work, Writing},
    appender::Appender,
    body::Bodies,
    calls::Calls,
    explorer,
    find::Index,
    gate,
    limits::Limits,
    listener,
    metrics::{Meter, Metrics},
    openapi, routes,
    source::{Source, Tree},
    tiles,
    tokens::Tokens,
};

/// A server of one tree. It only reads unless it is given [`tokens`](Self::tokens).
///
/// Every answer comes from what is durable. TLS is left to a proxy in front of it.
pub struct Server {
    source: Source,
    hash_name: Option<Cow<'static, str>>,
    is_little_endian: bool,
    is_local: bool,
    limits: Limits,
    tokens: Option<Tokens>,
    index: Option<Index>,
    beside: Beside,
}

/// What is served beside the tree.
#[derive(Default)]
struct Beside {
    tiles: Option<PathBuf>,
    metrics: Option<Metrics>,
    scrapers: Option<Tokens>,
    routes: Router,
}

impl Server {
    /// A server of a tree that this process owns. Closing the tree is left to the caller, once
    /// [`serve`](Self::serve) has returned.
    #[must_use]
    pub fn of_tree(tree: Arc<dyn AnyTree>) -> Self {
        Self::of(Source::owned(tree))
    }

    /// A server of a view, which it refreshes from here on.
    ///
    /// # Errors
    /// Those of [`AnyReadOnly::follow`].
    pub fn of_view(view: Arc<dyn AnyReadOnly>) -> Result<Self, RotorTreeError> {
        Ok(Self::of(Source::viewed(view)?))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            hash_name: None,
            is_little_endian: false,
            is_local: false,
            limits: Limits::default(),
            tokens: None,
            index: None,
            beside: Beside::default(),
        }
    }

    /// The name of the hash function in documents. Without one its fingerprint stands there.
    #[must_use]
    pub fn hash_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.hash_name = Some(name.into());
        self
    }

    /// Says that hashes are numbers of a field with the lowest byte first, for the forms of
    /// circuits.
    #[must_use]
    pub fn little_endian(mut self) -> Self {
        self.is_little_endian = true;
        self
    }

    /// Says that nodes are in memory or in files of this machine. A call that reads a few of them
    /// then runs on the thread that took the request, since handing it to another thread takes
    /// longer; at most it waits for a page. At most [`Limits::calls`] of them run at once: a
    /// runtime with more threads always has one for the rest.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.is_local = true;
        self
    }

    /// Replaces the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets clients append that show one of these tokens. A view takes no leaves, and refuses them
    /// in any case.
    #[must_use]
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Finds leaves by an index, which is the insert hook of the tree. Without one, leaves are
    /// read.
    #[must_use]
    pub fn index(mut self, index: LeafIndex) -> Self {
        self.index = Some(Index::Hook(index));
        self
    }

    /// Finds leaves by an index beside a view, of the same tree. The server keeps it up to date.
    #[must_use]
    pub fn index_view(mut self, index: IndexView) -> Self {
        self.index = Some(Index::View(index));
        self
    }

    /// Serves the checkpoint and the tiles of a folder that `rotortree publish` fills.
    #[must_use]
    pub fn tiles(mut self, folder: impl Into<PathBuf>) -> Self {
        self.beside.tiles = Some(folder.into());
        self
    }

    /// Serves metrics at `/metrics`, and records those of the server there. Without, the server
    /// records to the recorder of the process, and `/metrics` is no path.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.beside.metrics = Some(metrics);
        self
    }

    /// Shows the metrics to clients alone that show one of these tokens. Without, to all.
    #[must_use]
    pub fn metrics_tokens(mut self, tokens: Tokens) -> Self {
        self.beside.scrapers = Some(tokens);
        self
    }

    /// Serves routes of the program too, within the same limits. Their paths are none of this
    /// server's.
    #[must_use]
    pub fn also(mut self, routes: Router) -> Self {
        self.beside.routes = routes;
        self
    }

    /// The routes, for a program that has a server of its own. It runs on tokio. The bounds on
    /// connections, heads of requests and stalled clients are those of that server; all others
    /// hold.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn router(self) -> io::Result<Router> {
        Ok(self.start()?.1)
    }

    /// Serves `listener` until `stop` is ready, then ends in order: no new connections, answers
    /// under way are finished, within a limit, and every entry that was taken is durable or told to
    /// have failed. The tree stays open.
    ///
    /// # Errors
    /// If no thread can be started.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let (app, router) = self.start()?;
        listener::serve(&app, router, listener, stop).await;
        if let Some(writing) = &app.writing {
            writing.appender.stop().await;
        }
        Ok(())
    }

    fn start(self) -> io::Result<(Arc<App>, Router)> {
        let meter = Meter::new(self.beside.metrics, routes::methods());
        let snapshot = self.source.snapshot();
        let name = self
            .hash_name
            .unwrap_or_else(|| hex::encode(&self.source.fingerprint()).into());
        let mut hash = TreeHash::new(name, snapshot.hasher().clone());
        hash.is_little_endian = self.is_little_endian;
        let limits = self.limits;
        let writing = match (self.source.tree(), self.tokens) {
            (Tree::Owned(tree), Some(tokens)) => Some(Writing {
                appender: Appender::start(
                    Arc::clone(tree),
                    limits.appends,
                    meter.append_group.clone(),
                )?,
                tokens,
            }),
            _ => None,
        };
        let app = Arc::new(App {
            source: self.source,
            hash: Arc::new(hash),
            work: Work {
                calls: Calls::new(&limits, self.is_local),
                bodies: Bodies::new(&limits),
                answers: Answers::new(&limits),
                followers: Arc::new(Semaphore::new(limits.followers)),
                meter,
                scrapers: self.beside.scrapers,
            },
            limits,
            writing,
            index: self.index,
            tiles: self.beside.tiles,
            stopping: watch::Sender::new(false),
        });
        let routes = routes::router()
            .merge(openapi::router())
            .merge(explorer::router())
            .merge(tiles::router())
            .merge(self.beside.routes.with_state(()));
        let router = gate::around(routes, &app).with_state(Arc::clone(&app));
        Ok((app, router))
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("limits", &self.limits)
            .field("tokens", &self.tokens)
            .field("tiles", &self.beside.tiles)
            .finish_non_exhaustive()
    }
}
