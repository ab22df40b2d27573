//! Durable heads as server-sent events.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::{
    client::{connect, request},
    running::{Running, hex, leaf, limits},
};

/// A client that reads events.
struct Follower(BufReader<TcpStream>);

impl Follower {
    fn new(running: &Running, path: &str, headers: &[&str]) -> Self {
        let mut stream = connect(running.address);
        stream
            .write_all(&request(&format!("GET {path}"), headers, b""))
            .unwrap();
        let mut follower = Self(BufReader::new(stream));
        assert!(follower.line().starts_with("HTTP/1.1 200"));
        let mut is_stream = false;
        loop {
            let line = follower.line();
            is_stream |= line == "content-type: text/event-stream";
            if line.is_empty() {
                assert!(is_stream);
                return follower;
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next event: its id and its data; `None` at the end.
    fn next(&mut self) -> Option<(String, Value)> {
        let (mut name, mut id) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(text) = line.strip_prefix("event: ") {
                name = text.to_owned();
            } else if let Some(text) = line.strip_prefix("id: ") {
                id = text.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                assert_eq!(name, "head");
                return Some((id, serde_json::from_str(text).unwrap()));
            }
        }
    }

    /// The next event has this size, and the head of the tree then.
    fn expect(&mut self, running: &Running, size: u64) {
        let (id, data) = self.next().unwrap();
        let root = running.tree.snapshot().snapshot_at(size).unwrap().root();
        let root = hex(&root.unwrap_or_default());
        assert_eq!(
            (id, data),
            (size.to_string(), json!({ "size": size, "root": root }))
        );
    }
}

#[test]
fn each_durable_head_comes_and_the_last_one_is_never_missed() {
    let running = Running::with_leaves(2);
    let mut follower = Follower::new(&running, "/v1/heads", &[]);
    follower.expect(&running, 2);
    for size in 3..8 {
        running.tree.insert_durable(leaf(size - 1)).unwrap();
        follower.expect(&running, size);
    }
    // A client that comes late, or reads late, gets the newest.
    for number in 7..20 {
        running.tree.insert_durable(leaf(number)).unwrap();
    }
    Follower::new(&running, "/v1/heads", &[]).expect(&running, 20);
    let mut last = 7;
    while last < 20 {
        let (id, _) = follower.next().unwrap();
        let size: u64 = id.parse().unwrap();
        assert!(size > last);
        last = size;
    }
}

#[test]
fn a_client_goes_on_behind_the_size_that_it_has() {
    let running = Running::with_leaves(5);
    let by_header = |size: u64| {
        let header = format!("last-event-id: {size}");
        Follower::new(&running, "/v1/heads", &[&header])
    };
    by_header(4).expect(&running, 5);
    Follower::new(&running, "/v1/heads?after=3", &[]).expect(&running, 5);
    let mut knows_all = by_header(5);
    let mut from_ahead = Follower::new(&running, "/v1/heads?after=6", &[]);
    running.tree.insert_durable(leaf(5)).unwrap();
    knows_all.expect(&running, 6);
    running.tree.insert_durable(leaf(6)).unwrap();
    from_ahead.expect(&running, 7);
}

#[test]
fn followers_of_an_empty_tree_get_its_head_too() {
    let running = Running::with_leaves(0);
    let mut follower = Follower::new(&running, "/v1/heads", &[]);
    follower.expect(&running, 0);
    running.tree.insert_durable(leaf(0)).unwrap();
    follower.expect(&running, 1);
}

#[test]
fn the_events_end_when_the_tree_is_closed_and_when_the_server_stops() {
    let running = Running::with_leaves(1);
    let mut follower = Follower::new(&running, "/v1/heads", &[]);
    follower.expect(&running, 1);
    running.tree.close().unwrap();
    assert_eq!(follower.next(), None);

    let mut running = Running::with_leaves(1);
    let mut follower = Follower::new(&running, "/v1/heads", &[]);
    follower.expect(&running, 1);
    running.stop();
    assert_eq!(follower.next(), None);
}

#[test]
fn a_client_that_reads_no_event_is_dropped() {
    let limits = limits(|limits| {
        limits.followers = 1;
        limits.stall_time = Duration::from_millis(200);
    });
    let running = Running::with_limits(1, limits);
    // The system takes few bytes for it.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&running.address.into()).unwrap();
    let mut stalled: TcpStream = socket.into();
    stalled
        .write_all(&request("GET /v1/heads", &[], b""))
        .unwrap();
    // Another client would take its place if it came before its answer begins.
    stalled.read_exact(&mut [0; 16]).unwrap();
    // Heads fill what the system takes; then the client is dropped, and its place is free.
    let mut number = 1;
    let mut probe = connect(running.address);
    loop {
        for _ in 0..64 {
            running.tree.insert_durable(leaf(number)).unwrap();
            number += 1;
        }
        probe
            .write_all(b"GET /v1/heads HTTP/1.1\r\nhost: test\r\n\r\n")
            .unwrap();
        let mut reader = BufReader::new(&probe);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.starts_with("HTTP/1.1 200") {
            break;
        }
        // The document of the refusal.
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.trim().parse().unwrap();
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
    }
}
