//! Slow and half-open clients.

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    sync::Arc,
    thread,
    time::Duration,
};

use axum::{Router, routing::get};
use tokio::sync::Notify;

use crate::{
    client::{Answer, connect, request, send_whole},
    running::{Running, TOKEN, leaf, limits, tree},
};

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_head_that_does_not_end_is_told_and_cut_off() {
    let running = Running::with_limits(1, limits(|limits| limits.head_time = SHORT));
    let mut stream = connect(running.address);
    stream
        .write_all(b"GET /v1/head HTTP/1.1\r\nhost: te")
        .unwrap();
    let answer = Answer::read(stream);
    assert_eq!(answer.error(), (408, "slow_request".to_owned()));
    assert_eq!(answer.header("connection"), Some("close"));
}

#[test]
fn a_client_that_closes_its_side_is_answered() {
    let go_on = Arc::new(Notify::new());
    let held = Arc::clone(&go_on);
    let answer = get(move || async move {
        held.notified().await;
        "answer"
    });
    let routes = Router::new().route("/held", answer);
    let running = Running::of(tree(), |server| server.also(routes));
    let mut stream = connect(running.address);
    stream.write_all(&request("GET /held", &[], b"")).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.set_read_timeout(Some(SHORT)).unwrap();
    let early = stream.read(&mut [0]).map_err(|error| error.kind());
    assert!(
        matches!(early, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)),
        "the connection is open: {early:?}"
    );
    go_on.notify_one();
    stream.set_read_timeout(None).unwrap();
    assert_eq!(Answer::read(stream).body, b"answer");
}

#[test]
fn a_connection_without_a_request_is_closed() {
    let running = Running::with_limits(1, limits(|limits| limits.head_time = SHORT));
    let mut stream = connect(running.address);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert!(bytes.is_empty(), "without a word");
}

#[test]
fn a_body_that_does_not_end_is_told_and_changes_nothing() {
    let running = Running::of(tree(), |server| {
        server.limits(limits(|limits| limits.body_time = SHORT))
    });
    let authorization = format!("authorization: Bearer {TOKEN}");
    let headers = ["content-type: application/octet-stream", &authorization];
    let whole = request("POST /v1/leaves", &headers, &[leaf(0), leaf(1)].concat());
    let half = &whole[..whole.len() - 32];
    let mut stream = connect(running.address);
    stream.write_all(half).unwrap();
    let answer = Answer::read(stream);
    assert_eq!(answer.error(), (408, "slow_request".to_owned()));
    assert_eq!(running.tree.size(), 0);
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let running = Running::with_leaves(0);
    let authorization = format!("authorization: Bearer {TOKEN}");
    let headers = ["content-type: application/octet-stream", &authorization];
    let whole = request("POST /v1/leaves", &headers, &[leaf(0), leaf(1)].concat());
    let answer = send_whole(running.address, &whole[..whole.len() - 32]);
    assert_eq!(answer.error(), (400, "bad_request".to_owned()));
    assert_eq!(running.tree.size(), 0);
}

/// Answers that nothing takes hold no connection: it is closed, and others come in.
#[test]
fn a_client_that_takes_no_answer_is_cut_off() {
    let limits = limits(|limits| {
        limits.connections = 1;
        limits.stall_time = SHORT;
    });
    let running = Running::with_limits(1 << 14, limits);
    let mut stream = connect(running.address);
    // More than the system holds for both sides, asked for at once.
    let ask = "GET /v1/leaves HTTP/1.1\r\nhost: test\r\n\r\n";
    stream.write_all(ask.repeat(32).as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let cut = loop {
        match stream.write(b"x") {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => break error.kind(),
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert!(
        matches!(cut, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{cut}"
    );
    while running.get("/v1/head").status != 200 {
        thread::yield_now();
    }
}
