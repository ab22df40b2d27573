//! A local tree, whose brief calls run on the thread that took the request.

use std::{sync::mpsc, thread, time::Duration};

use rotortree_server::Server;
use tokio::{net::TcpListener, runtime, sync::oneshot};

use crate::{
    client::{request, send},
    running::{leaf, limits, tree},
};

#[test]
fn brief_calls_of_a_local_tree_need_no_other_thread() {
    let tree = tree();
    tree.insert_many_durable(&[leaf(0), leaf(1)]).unwrap();
    let runtime = runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    // The only thread for calls that may block has something else to do.
    let (release, held) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || held.recv());
    let (stop, stopped) = oneshot::channel::<()>();
    let (bound, address) = mpsc::channel();
    let server = thread::spawn(move || {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            let limits = limits(|limits| limits.answer_time = Duration::from_millis(200));
            let server = Server::of_tree(tree).limits(limits).local();
            let stop = async { drop(stopped.await) };
            server.serve(listener, stop).await.unwrap();
        });
    });
    let address = address.recv().unwrap();
    let status = |path: &str| send(address, &request(&format!("GET {path}"), &[], b"")).status;
    for path in ["/v1/proofs/0", "/v1/leaves/1", "/v1/roots/1"] {
        assert_eq!(status(path), 200, "{path}");
    }
    assert_eq!(status("/v1/proofs/2"), 404);
    // What may read much waits for that thread.
    assert_eq!(status("/v1/leaves"), 503);
    drop((release, stop));
    server.join().unwrap();
}
