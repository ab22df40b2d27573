//! [`Served`]: a server on a loopback address, and `wrk` to ask it.

mod slow;
mod wrk;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::{Router, routing::get};
use bytes::Bytes;
use rotortree::AnyTree;
use rotortree_server::{Limits, Server, Tokens};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

pub use self::slow::SlowClients;
pub use self::wrk::Wrk;
use crate::{Failure, Outcome};

const TOKEN: &str = "a-token-of-the-bench";

/// Bytes of the answer to an append.
const APPENDED: usize = 110;

/// A server on a thread, with a constant beside the routes of its tree.
pub struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Outcome<()>>,
}

impl Served {
    /// Serves a tree of at least one leaf.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(tree: Arc<dyn AnyTree>) -> Outcome<Self> {
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = mpsc::channel();
        let constant = Arc::<OnceLock<Bytes>>::default();
        let answer = Arc::clone(&constant);
        let thread = thread::spawn(move || {
            // As `rotortree serve` has it.
            let processors = thread::available_parallelism().map_or(1, usize::from);
            let runtime = Builder::new_multi_thread()
                .worker_threads(processors + Limits::default().calls)
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                bound.send(listener.local_addr()?)?;
                let answer = move || async move { answer.get().cloned().unwrap_or_default() };
                // As long as the answer to an append.
                let taken = |_: Bytes| async { "x".repeat(APPENDED) };
                let server = Server::of_tree(tree)
                    .hash_name("blake3")
                    .local()
                    .tokens(Tokens::single(TOKEN)?)
                    .also(Router::new().route("/constant/{n}", get(answer).post(taken)));
                server
                    .serve(listener, async { drop(stopped.await) })
                    .await?;
                Ok(())
            })
        });
        let address = address.recv().map_err(|_| "The server did not start.")?;
        let served = Self {
            address,
            stop,
            thread,
        };
        let proof = served.ask("/v1/proofs/0")?;
        let body = proof.split("\r\n\r\n").nth(1).map_or(0, str::len);
        if !proof.starts_with("HTTP/1.1 200 ") || body == 0 {
            return Err(format!("The server answers: {proof}").into());
        }
        drop(constant.set(Bytes::from(vec![b'x'; body])));
        Ok(served)
    }

    /// The answer to one request, on a connection of its own.
    fn ask(&self, path: &str) -> Outcome<String> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Proofs of many leaves of `leaves`, for a while.
    ///
    /// # Errors
    /// Those of `wrk`, and an answer other than 200.
    pub fn proofs(&self, lasts: Duration, leaves: usize) -> Outcome<Wrk> {
        Wrk::get(self.address, "/v1/proofs/", leaves, lasts)
    }

    /// The constant of the size of a proof, by as many paths.
    ///
    /// # Errors
    /// As [`proofs`](Self::proofs).
    pub fn constants(&self, lasts: Duration, leaves: usize) -> Outcome<Wrk> {
        Wrk::get(self.address, "/constant/", leaves, lasts)
    }

    /// Durable appends of one leaf each.
    ///
    /// # Errors
    /// As [`proofs`](Self::proofs).
    pub fn appends(&self, lasts: Duration) -> Outcome<Wrk> {
        Wrk::append(self.address, "/v1/leaves", TOKEN, lasts)
    }

    /// The same requests to a route that reads them, waits for nothing and answers as much.
    ///
    /// # Errors
    /// As [`proofs`](Self::proofs).
    pub fn posts(&self, lasts: Duration) -> Outcome<Wrk> {
        Wrk::append(self.address, "/constant/0", TOKEN, lasts)
    }

    /// Stops the server and waits for its end.
    ///
    /// # Errors
    /// Those of the server.
    pub fn stop(self) -> Outcome<()> {
        drop(self.stop);
        let ended = self.thread.join();
        ended.map_err(|_| Failure::from("The server panicked."))?
    }
}
