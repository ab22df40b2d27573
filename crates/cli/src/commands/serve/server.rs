//! The server itself, where it is compiled in.

use std::{fmt, io, path::Path, sync::Arc, thread, time::Duration};

use rotortree::{AnyReadOnly, AnyTree, IndexError, IndexOptions, IndexView, LeafIndex};
use rotortree_server::{Limits, Metrics, Server, Tokens};
use serde::Serialize;
use tokio::{
    net::TcpListener,
    runtime::{self, Runtime},
    time,
};

use super::{Args, descriptors};
use crate::{
    failure::{Code, Failure},
    interrupt::Interrupt,
    output::Output,
    store::Store,
};

/// The variable with the token, where no file is named.
const TOKEN: &str = "ROTORTREE_TOKEN";
/// How often a signal is looked for.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Serialize)]
pub(super) struct Report {
    /// Where clients reach the server.
    pub(super) url: String,
    pub(super) write: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.write {
            true => "takes leaves",
            false => "reads alone",
        };
        write!(f, "listening at {}, {kind}", self.url)
    }
}

/// What this process has of the tree, beside the server.
pub(super) struct Owned {
    pub(super) tree: Arc<dyn AnyTree>,
    pub(super) index: Option<LeafIndex>,
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        Interrupt::install()?;
        self.check_address()?;
        // Before the tree is opened, so that it is told.
        let metrics = Metrics::install().map_err(|error| Failure::new(Code::System, error))?;
        if self.writing.standby {
            return self.stand_by(&metrics, output);
        }
        let store = Store::at(&self.place)?;
        let owned = self.writing.write.then(|| self.own(&store)).transpose()?;
        let server = match &owned {
            Some(owned) => Server::of_tree(Arc::clone(&owned.tree)).tokens(self.tokens()?),
            None => self.reading(&store)?,
        };
        let server = self.configured(server, &store, owned.as_ref())?;
        let served = self.serve(server.metrics(metrics), output);
        // What was taken is durable by now; closing makes the next opening quick.
        let closed = owned.map_or(Ok(()), Owned::close);
        served.and(closed)
    }

    /// Refuses an address that other machines reach, unless that is meant.
    fn check_address(&self) -> Result<(), Failure> {
        if self.expose || self.listen.ip().is_loopback() {
            return Ok(());
        }
        let sentence = format!("other machines reach {}", self.listen);
        Err(Failure::new(Code::Usage, sentence).next(
            "put a proxy with TLS in front of a loopback address, or give --expose if that is meant",
        ))
    }

    pub(super) fn own(&self, store: &Store) -> Result<Owned, Failure> {
        let mut builder = store.builder();
        let index = self.index.then(|| LeafIndex::new(self.index_options()));
        if let Some(index) = &index {
            builder = builder.insert_hook(index.hook());
        }
        let tree = store.own_with(builder)?;
        Ok(Owned { tree, index })
    }

    fn index_options(&self) -> IndexOptions {
        match self.place.directory() {
            Some(directory) => IndexOptions::beside(directory),
            None => IndexOptions::in_memory(),
        }
    }

    /// A server of a view.
    pub(super) fn reading(&self, store: &Store) -> Result<Server, Failure> {
        let view = store.view()?;
        let index = self.index.then(|| self.index_of(&*view)).transpose()?;
        let server = Server::of_view(view)?;
        Ok(match index {
            Some(index) => server.index_view(index),
            None => server,
        })
    }

    /// An index of all leaves of a view: what the file beside the tree has, and the rest in memory.
    fn index_of(&self, view: &dyn AnyReadOnly) -> Result<IndexView, IndexError> {
        let open = |options: &IndexOptions| {
            let index = IndexView::open(options, view.snapshot())?;
            // What is damaged or takes long is met here, and not by a client.
            index.load()?;
            index.advance(view.snapshot())?;
            Ok(index)
        };
        match open(&self.index_options()) {
            Err(IndexError::File { .. }) => open(&IndexOptions::in_memory()),
            opened => opened,
        }
    }

    pub(super) fn tokens(&self) -> Result<Tokens, Failure> {
        let Some(file) = &self.writing.token_file else {
            let token = std::env::var(TOKEN).map_err(|_| {
                let sentence = "--write wants a token, which clients show";
                Failure::new(Code::Usage, sentence)
                    .next(format!("give --token-file FILE, or set {TOKEN}"))
            })?;
            return Tokens::single(&token)
                .map_err(|error| Failure::new(Code::Usage, error).at(TOKEN));
        };
        tokens_of(file)
    }

    pub(super) fn configured(
        &self,
        server: Server,
        store: &Store,
        owned: Option<&Owned>,
    ) -> Result<Server, Failure> {
        let mut limits = Limits::default();
        limits.connections = descriptors::connections(self.connections) as usize;
        let mut server = server.limits(limits).hash_name(store.hash.name());
        if store.hash.is_little_endian() {
            server = server.little_endian();
        }
        if self.place.directory().is_some() {
            server = server.local();
        }
        if let Some(index) = owned.and_then(|owned| owned.index.as_ref()) {
            server = server.index(index.clone());
        }
        if let Some(folder) = &self.tiles {
            server = server.tiles(folder);
        }
        if let Some(file) = &self.metrics_token_file {
            server = server.metrics_tokens(tokens_of(file)?);
        }
        Ok(server)
    }

    fn serve(&self, server: Server, output: &mut Output) -> Result<(), Failure> {
        self.runtime()?.block_on(async {
            let listener = TcpListener::bind(self.listen).await;
            let listener = listener.map_err(|error| self.failed(error))?;
            self.report(&listener, self.writing.write, output)?;
            let served = server.serve(listener, stop()).await;
            served.map_err(|error| self.failed(error))
        })
    }

    /// Says where clients reach the server.
    pub(super) fn report(
        &self,
        listener: &TcpListener,
        write: bool,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let address = listener.local_addr().map_err(|error| self.failed(error))?;
        output.document(&Report {
            url: format!("http://{address}"),
            write,
        })?;
        output.finish()
    }

    pub(super) fn runtime(&self) -> Result<Runtime, Failure> {
        // Calls of a local tree may wait for pages, on as many threads as a limit says.
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = processors + Limits::default().calls;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("rotortree-serve")
            .enable_all()
            .build();
        runtime.map_err(|error| self.failed(error))
    }

    /// What the system refuses, at the address.
    pub(super) fn failed(&self, error: io::Error) -> Failure {
        Failure::new(Code::System, error).at(self.listen)
    }
}

fn tokens_of(file: &Path) -> Result<Tokens, Failure> {
    Tokens::from_file(file).map_err(|error| Failure::file(file, &error))
}

impl Owned {
    pub(super) fn close(self) -> Result<(), Failure> {
        self.tree.close()?;
        match self.index {
            Some(index) => index
                .save()
                .map(drop)
                .map_err(|error| Failure::new(Code::System, error).at("the index")),
            None => Ok(()),
        }
    }
}

/// Ready once a signal asks the server to stop.
pub(super) async fn stop() {
    while Interrupt::check(String::new).is_ok() {
        time::sleep(LOOK).await;
    }
}
