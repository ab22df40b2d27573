//! A standby: serves a view, and owns the tree once its place has no owner.

use std::{io, net::TcpListener, sync::Arc, thread, time::Duration};

use rotortree_server::{Metrics, Server};
use tokio::{
    net::TcpListener as Listener,
    sync::oneshot::{self, Receiver},
};

use super::{
    Args,
    server::{Owned, stop},
};
use crate::{
    failure::{Code, Failure},
    interrupt::Interrupt,
    output::Output,
    store::Store,
};

/// The pause between two tries for the place. In a bucket a try takes longer: it waits for a sign
/// of life of the owner.
const PAUSE: Duration = Duration::from_millis(250);

/// A tree that this process owns, with its store.
type Taken = Option<(Store, Owned)>;

impl Args {
    /// Serves a view until the place has no owner, then the tree. One socket serves both: no
    /// connection is refused between them.
    pub(super) fn stand_by(&self, metrics: &Metrics, output: &mut Output) -> Result<(), Failure> {
        // What is missing is told now, and not when the place is taken.
        drop(self.tokens()?);
        let store = Store::at(&self.place)?;
        let view = self.configured(self.reading(&store)?, &store, None)?;
        let view = view.metrics(metrics.clone());
        let socket = TcpListener::bind(self.listen).map_err(|error| self.failed(error))?;
        let runtime = self.runtime()?;
        thread::scope(|scope| {
            let (taken, turn) = oneshot::channel();
            scope.spawn(move || {
                let place = self.wait_for_place(|| !taken.is_closed());
                // A tree that nothing waits for is closed.
                drop(taken.send(place));
            });
            runtime.block_on(async {
                let listener = self.listener(&socket)?;
                self.report(&listener, false, output)?;
                let (ends, ended) = oneshot::channel::<()>();
                let reading = tokio::spawn(async move {
                    let over = async {
                        tokio::select! {
                            () = stop() => {}
                            _ = ended => {}
                        }
                    };
                    view.serve(listener, over).await
                });
                let served = self.serve_taken(turn, &socket, ends, metrics, output).await;
                let read = reading.await.map_err(io::Error::other).flatten();
                served.and(read.map_err(|error| self.failed(error)))
            })
        })
    }

    /// Waits for the turn of this process, and serves the tree then. `reading` ends the server of
    /// the view when it is dropped.
    async fn serve_taken(
        &self,
        turn: Receiver<Result<Taken, Failure>>,
        socket: &TcpListener,
        reading: oneshot::Sender<()>,
        metrics: &Metrics,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let taken = turn.await.map_err(|_| {
            Failure::new(Code::System, "the thread that waits for the place panicked")
        })??;
        drop(reading);
        let Some((store, owned)) = taken else {
            return Ok(());
        };
        let served = self
            .serve_owned(&store, &owned, socket, metrics, output)
            .await;
        served.and(owned.close())
    }

    async fn serve_owned(
        &self,
        store: &Store,
        owned: &Owned,
        socket: &TcpListener,
        metrics: &Metrics,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let listener = self.listener(socket)?;
        self.report(&listener, true, output)?;
        let server = Server::of_tree(Arc::clone(&owned.tree)).tokens(self.tokens()?);
        let server = self.configured(server, store, Some(owned))?;
        let served = server
            .metrics(metrics.clone())
            .serve(listener, stop())
            .await;
        served.map_err(|error| self.failed(error))
    }

    /// Another handle on the socket.
    fn listener(&self, socket: &TcpListener) -> Result<Listener, Failure> {
        let listener = socket.try_clone().and_then(|socket| {
            socket.set_nonblocking(true)?;
            Listener::from_std(socket)
        });
        listener.map_err(|error| self.failed(error))
    }

    /// Tries for the place until this process has it; `None` once a signal asks it to stop, or
    /// nothing waits any more.
    fn wait_for_place(&self, is_waited_for: impl Fn() -> bool) -> Result<Taken, Failure> {
        while Interrupt::check(String::new).is_ok() && is_waited_for() {
            let store = Store::at(&self.place);
            let tried = store.and_then(|store| Ok((self.own(&store)?, store)));
            match tried {
                Ok((owned, store)) => return Ok(Some((store, owned))),
                // Reading goes on. A bucket that does not answer may answer later.
                Err(failure) if matches!(failure.code(), Code::InUse | Code::System) => {
                    thread::sleep(PAUSE);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }
}
