//! [`Running`]: a server on a free port, with a tree in memory.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
};

use rotortree::{
    AnyTree, AnyTreeBuilder, Blake3Hasher, Hash,
    store::{memory::MemoryStorage, storage::Storage},
};
use rotortree_server::{Limits, Server, Tokens};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime, sync::oneshot};

use crate::client::{Answer, request, send};

pub(crate) const TOKEN: &str = "a-token-of-the-tests";

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) tree: Arc<dyn AnyTree>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A leaf of tests.
pub(crate) fn leaf(number: u64) -> Hash {
    let mut leaf = [7; 32];
    leaf[..8].copy_from_slice(&number.to_be_bytes());
    leaf
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

/// Limits with changes.
pub(crate) fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// An empty tree of N = 2 in memory.
pub(crate) fn tree() -> Arc<dyn AnyTree> {
    tree_on(Arc::new(MemoryStorage::new()))
}

pub(crate) fn tree_on(storage: Arc<dyn Storage>) -> Arc<dyn AnyTree> {
    AnyTreeBuilder::on(storage)
        .arity(2)
        .open(Blake3Hasher)
        .unwrap()
}

impl Running {
    /// A server of `tree` with a token.
    pub(crate) fn of(
        tree: Arc<dyn AnyTree>,
        configure: impl FnOnce(Server) -> Server + Send + 'static,
    ) -> Self {
        let served = Arc::clone(&tree);
        Self::start(tree, move || {
            let server = Server::of_tree(served).hash_name("blake3");
            configure(server.tokens(Tokens::single(TOKEN).unwrap()))
        })
    }

    /// A server that the function makes, of a tree that the test changes.
    pub(crate) fn start(
        tree: Arc<dyn AnyTree>,
        server: impl FnOnce() -> Server + Send + 'static,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                let stop = async {
                    // The test that has ended stops the server too.
                    let _ = stopped.await;
                };
                server().serve(listener, stop).await.unwrap();
            });
        });
        Self {
            address: address.recv().unwrap(),
            tree,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// A server of a tree with so many leaves.
    pub(crate) fn with_leaves(count: u64) -> Self {
        Self::with_limits(count, Limits::default())
    }

    pub(crate) fn with_limits(count: u64, limits: Limits) -> Self {
        let tree = tree();
        if count > 0 {
            let leaves: Vec<Hash> = (0..count).map(leaf).collect();
            tree.insert_many_durable(&leaves).unwrap();
        }
        Self::of(tree, |server| server.limits(limits))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        send(self.address, &request(&format!("GET {path}"), &[], b""))
    }

    pub(crate) fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    pub(crate) fn post(&self, path: &str, document: &Value) -> Answer {
        let authorization = format!("authorization: Bearer {TOKEN}");
        let headers = ["content-type: application/json", &authorization];
        let body = document.to_string();
        send(
            self.address,
            &request(&format!("POST {path}"), &headers, body.as_bytes()),
        )
    }

    /// Appends leaves of these numbers.
    pub(crate) fn append(&self, numbers: std::ops::Range<u64>, expected_size: u64) -> Answer {
        let leaves: Vec<String> = numbers.map(|number| hex(&leaf(number))).collect();
        self.post(
            "/v1/leaves",
            &json!({ "leaves": leaves, "expected_size": expected_size }),
        )
    }

    /// Asks the server to stop.
    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Stops the server, and returns once it has.
    pub(crate) fn stop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}
