//! Overload: refused at once, with a time to come again.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;

use crate::{
    client::{Answer, connect, request, send},
    running::{Running, TOKEN, hex, leaf, limits, tree},
};

fn assert_overloaded(answer: &Answer) {
    assert_eq!(answer.error(), (503, "overloaded".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

/// A connection whose first request was answered, so that the server has taken it.
fn held(running: &Running) -> TcpStream {
    let mut stream = connect(running.address);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"ok\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.extend_from_slice(&byte);
    }
    stream
}

/// Asks until the answer is this one: a permit comes back when its task ends.
fn until_answered(running: &Running, path: &str) {
    while running.get(path).status != 200 {
        std::thread::yield_now();
    }
}

#[test]
fn connections_beyond_the_limit_are_told_and_come_in_once_others_go() {
    let running = Running::with_limits(1, limits(|limits| limits.connections = 2));
    let others = [held(&running), held(&running)];
    assert_overloaded(&running.get("/v1/head"));
    drop(others);
    until_answered(&running, "/v1/head");
}

#[test]
fn followers_beyond_the_limit_are_told() {
    let running = Running::with_limits(1, limits(|limits| limits.followers = 1));
    let mut follower = connect(running.address);
    follower
        .write_all(&request("GET /v1/heads", &[], b""))
        .unwrap();
    follower.read_exact(&mut [0; 16]).unwrap();
    assert_overloaded(&running.get("/v1/heads"));
    assert_eq!(running.get("/v1/head").status, 200, "others are served");
}

#[test]
fn calls_beyond_the_limit_are_told() {
    let limits = limits(|limits| (limits.calls, limits.waiting_calls) = (0, 0));
    let running = Running::with_limits(2, limits);
    for path in [
        "/v1/proofs/0",
        "/v1/leaves/0",
        "/v1/roots/1",
        "/v1/consistency/1/2",
    ] {
        assert_overloaded(&running.get(path));
    }
    assert_eq!(
        running.get("/v1/head").status,
        200,
        "what calls nothing is served"
    );
}

#[test]
fn a_call_that_gets_no_turn_is_told_in_time() {
    let limits = limits(|limits| {
        (limits.calls, limits.waiting_calls) = (0, 1);
        limits.answer_time = std::time::Duration::from_millis(200);
    });
    let running = Running::with_limits(2, limits);
    let late = running.get("/v1/proofs/0");
    assert_eq!(late.error(), (503, "timed_out".to_owned()));
    assert_eq!(late.header("retry-after"), Some("1"));
}

#[test]
fn bodies_beyond_the_memory_for_all_are_told() {
    let limits = limits(|limits| limits.bodies_bytes = 2048);
    let running = Running::of(tree(), |server| server.limits(limits));
    let authorization = format!("authorization: Bearer {TOKEN}");
    let headers = ["content-type: application/octet-stream", &authorization];
    let whole = request("POST /v1/leaves", &headers, &[7; 2048]);
    let mut half = connect(running.address);
    half.write_all(&whole[..whole.len() - 1]).unwrap();
    // The other body has no room from some moment on, and is appended before.
    let entry = json!({ "leaves": [hex(&leaf(0))] });
    let refused = loop {
        let answer = running.post("/v1/leaves", &entry);
        if answer.status != 200 {
            break answer;
        }
    };
    assert_overloaded(&refused);
    half.write_all(&whole[whole.len() - 1..]).unwrap();
    assert_eq!(Answer::read(half).status, 200);
    assert_eq!(running.post("/v1/leaves", &entry).status, 200);
}

#[test]
fn documents_of_clients_without_a_token_leave_room_for_writers() {
    let limits = limits(|limits| (limits.body_bytes, limits.bodies_bytes) = (64 << 10, 64 << 10));
    let running = Running::with_limits(1, limits);
    let mut endless = connect(running.address);
    endless
        .write_all(&request(
            "POST /v1/proofs",
            &["transfer-encoding: chunked", "expect: 100-continue"],
            b"",
        ))
        .unwrap();
    // The server asks for a body once it has room for it.
    let mut asked = [0; 12];
    endless.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    assert_eq!(running.append(1..2, 1).status, 200);
    let long = request("POST /v1/proofs", &["content-length: 60000"], b"");
    let refused = send(running.address, &long);
    assert_eq!(refused.error(), (413, "too_large".to_owned()));
}
