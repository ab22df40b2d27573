//! Overload: refused at once, with a time to come again.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use rotortree::{
    AnyTreeBuilder, Blake3Hasher, Hash, InsertHook, RotorTreeError, store::memory::MemoryStorage,
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

/// The server asks for a body that a client announces, once it has room for it.
fn until_asked(stream: &mut TcpStream) {
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn bodies_beyond_the_memory_for_all_are_told() {
    let limits = limits(|limits| limits.bodies_bytes = 2048);
    let running = Running::of(tree(), |server| server.limits(limits));
    let authorization = format!("authorization: Bearer {TOKEN}");
    let headers = [
        "content-type: application/octet-stream",
        "expect: 100-continue",
        &authorization,
    ];
    let whole = request("POST /v1/leaves", &headers, &[7; 2048]);
    let mut half = connect(running.address);
    half.write_all(&whole[..whole.len() - 1]).unwrap();
    until_asked(&mut half);
    let entry = json!({ "leaves": [hex(&leaf(0))] });
    assert_overloaded(&running.post("/v1/leaves", &entry));
    half.write_all(&whole[whole.len() - 1..]).unwrap();
    assert_eq!(Answer::read(half).status, 200);
    assert_eq!(running.post("/v1/leaves", &entry).status, 200);
}

#[test]
fn answers_beyond_the_memory_for_all_are_told_until_clients_take_them() {
    let running = Running::with_limits(1 << 14, limits(|limits| limits.answers_bytes = 2 << 20));
    // 1.1 MB each, of which the system holds a part for a client that does not read.
    let answer = request("GET /v1/leaves", &[], b"");
    let mut clients: Vec<TcpStream> = Vec::new();
    let refused = loop {
        let mut client = connect(running.address);
        client.write_all(&answer).unwrap();
        let mut status = [0; 12];
        client.read_exact(&mut status).unwrap();
        if &status != b"HTTP/1.1 200" {
            break status;
        }
        clients.push(client);
        assert!(clients.len() < 100, "each answer waits in memory");
    };
    assert_eq!(&refused, b"HTTP/1.1 503");
    let short = running.get("/v1/leaves?end=500");
    assert_eq!(short.status, 200, "short answers come");
    for mut client in clients {
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).unwrap();
        assert!(bytes.len() > 66 << 14, "what was begun comes whole");
    }
    until_answered(&running, "/v1/leaves");
}

#[test]
fn proofs_beyond_the_bytes_of_an_answer_are_told() {
    let running = Running::with_limits(4, limits(|limits| limits.answer_bytes = 1500));
    let ask = |indices: &[u64]| {
        running.post(
            "/v1/proofs",
            &json!({ "indices": indices, "format": "json" }),
        )
    };
    assert_eq!(ask(&[0, 1]).status, 200);
    assert_eq!(ask(&[0, 1, 2, 3]).error(), (400, "too_many".to_owned()));
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
    until_asked(&mut endless);
    assert_eq!(running.append(1..2, 1).status, 200);
    let long = request("POST /v1/proofs", &["content-length: 60000"], b"");
    let refused = send(running.address, &long);
    assert_eq!(refused.error(), (413, "too_large".to_owned()));
}

/// A hook that lets no insert pass until its channel is closed.
#[derive(Debug)]
struct Holds {
    entered: Mutex<Sender<()>>,
    held: Mutex<Receiver<()>>,
}

impl InsertHook for Holds {
    fn check(&self, _: u64, _: &[Hash]) -> Result<(), RotorTreeError> {
        // Nothing waits for the second message.
        let _ = self.entered.lock().unwrap().send(());
        assert!(self.held.lock().unwrap().recv().is_err(), "closed");
        Ok(())
    }

    fn inserted(&self, _: u64, _: &[Hash]) {}
}

#[test]
fn appends_beyond_those_that_may_wait_are_told_and_the_others_are_all_there() {
    let (entered, has_entered) = channel();
    let (release, held) = channel();
    let hook = Holds {
        entered: Mutex::new(entered),
        held: Mutex::new(held),
    };
    let tree = AnyTreeBuilder::on(Arc::new(MemoryStorage::new()))
        .arity(2)
        .insert_hook(Arc::new(hook))
        .open(Blake3Hasher)
        .unwrap();
    let running = Running::of(tree, |server| {
        server.limits(limits(|limits| limits.appends = 1))
    });
    let append = |number| {
        let entry = json!({ "leaves": [hex(&leaf(number))] });
        running.post("/v1/leaves", &entry)
    };
    let (answered, answers) = channel();
    thread::scope(|scope| {
        let append = |number| {
            let answered = answered.clone();
            scope.spawn(move || answered.send(append(number)).unwrap());
        };
        append(0);
        has_entered.recv().unwrap();
        // One of them waits behind the first, and there is room for no other.
        (1..4).for_each(append);
        for _ in 0..2 {
            assert_overloaded(&answers.recv().unwrap());
        }
        drop(release);
        let mut firsts = [0; 2].map(|_| answers.recv().unwrap().json()["first"].as_u64());
        firsts.sort_unstable();
        assert_eq!(firsts, [Some(0), Some(1)]);
    });
    assert_eq!(running.tree.durable_size(), 2);
}
