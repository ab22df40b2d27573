//! Appending: durable, once, and shared syncs.

use std::{sync::Arc, thread};

use rotortree::{
    AnyTreeBuilder, Blake3Hasher, Hash, IndexOptions, InsertHook, LeafIndex, RotorTreeError,
    store::memory::MemoryStorage,
};
use serde_json::json;

use crate::{
    client::{Answer, request, send},
    running::{Running, TOKEN, hex, leaf, limits, tree},
};

fn post_bytes(running: &Running, query: &str, bytes: &[u8]) -> Answer {
    let authorization = format!("authorization: bearer {TOKEN}");
    let headers = ["content-type: application/octet-stream", &authorization];
    let line = format!("POST /v1/leaves{query}");
    send(running.address, &request(&line, &headers, bytes))
}

#[derive(Debug)]
struct PanicsAt(Hash);

impl InsertHook for PanicsAt {
    fn check(&self, _: u64, leaves: &[Hash]) -> Result<(), RotorTreeError> {
        assert!(!leaves.contains(&self.0), "the hook of this test");
        Ok(())
    }

    fn inserted(&self, _: u64, _: &[Hash]) {}
}

#[test]
fn an_append_that_panics_is_told_and_the_next_one_is_taken() {
    let tree = AnyTreeBuilder::on(Arc::new(MemoryStorage::new()))
        .arity(2)
        .insert_hook(Arc::new(PanicsAt(leaf(1))))
        .open(Blake3Hasher)
        .unwrap();
    let running = Running::of(tree, |server| server);
    assert_eq!(running.append(0..1, 0).status, 200);
    let refused = running.append(1..2, 1);
    assert_eq!(refused.error(), (500, "internal".to_owned()));
    assert_eq!(running.append(2..3, 1).json()["size"], 2);
    assert_eq!(running.get("/readyz").status, 200);
}

#[test]
fn the_answer_says_where_the_leaves_are_and_that_they_are_durable() {
    let running = Running::with_leaves(3);
    let appended = running.append(3..5, 3);
    assert_eq!(appended.status, 200);
    let root = hex(&running.tree.root().unwrap());
    assert_eq!(
        appended.json(),
        json!({ "first": 3, "size": 5, "root": root })
    );
    assert_eq!(running.tree.durable_size(), 5);
    assert_eq!(running.tree.get_leaf(4).unwrap(), leaf(4));
    let records = post_bytes(&running, "", &[leaf(5), leaf(6)].concat());
    assert_eq!(records.json()["first"], 5);
    let records = post_bytes(&running, "?expected_size=7", &leaf(7));
    assert_eq!(records.json()["size"], 8);
}

#[test]
fn the_same_leaves_at_the_same_size_are_appended_once() {
    let running = Running::with_leaves(0);
    let first = running.append(0..3, 0).json();
    running.append(3..5, 3);
    // Others came since.
    let again = running.append(0..3, 0);
    assert_eq!((again.status, again.json()), (200, first));
    assert_eq!(running.tree.size(), 5);
    let other = running.append(7..10, 0);
    assert_eq!(other.error(), (409, "size_differs".to_owned()));
    assert_eq!(other.json()["error"]["head"]["size"], 5);
    // More than the tree has, and behind its end.
    assert_eq!(running.append(3..7, 3).error().0, 409);
    assert_eq!(running.append(9..10, 9).error().0, 409);
    let answer = running.append(0..1, u64::MAX);
    assert_eq!(answer.error().0, 409, "no overflow");
    assert_eq!(running.tree.size(), 5);
}

#[test]
fn metadata_comes_with_leaves_or_alone() {
    let running = Running::with_leaves(0);
    let entry = json!({ "leaves": [hex(&leaf(0))], "metadata": "YmxvY2sgMQ==" });
    assert_eq!(running.post("/v1/leaves", &entry).status, 200);
    assert_eq!(running.tree.metadata().as_deref(), Some(&b"block 1"[..]));
    let alone = running.post(
        "/v1/leaves",
        &json!({ "metadata": "Mg==", "expected_size": 1 }),
    );
    assert_eq!(
        (alone.json()["first"].clone(), alone.json()["size"].clone()),
        (json!(1), json!(1))
    );
    assert_eq!(running.get_json("/v1/metadata")["metadata"], "Mg==");
    let long = "A".repeat(4 * (64 * 1024 / 3 + 8));
    let long = running.post("/v1/leaves", &json!({ "metadata": long }));
    assert_eq!(long.error(), (413, "too_large".to_owned()));
}

#[test]
fn entries_of_many_connections_are_all_there_in_one_order() {
    const CLIENTS: u64 = 8;
    const EACH: u64 = 16;
    let running = Running::with_leaves(0);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let running = &running;
            scope.spawn(move || {
                for number in 0..EACH {
                    let number = client * EACH + number;
                    let entry = json!({ "leaves": [hex(&leaf(number))] });
                    let place = running.post("/v1/leaves", &entry).json();
                    let first = place["first"].as_u64().unwrap();
                    assert_eq!(running.tree.get_leaf(first).unwrap(), leaf(number));
                    let head = running.tree.snapshot().snapshot_at(first + 1).unwrap();
                    assert_eq!(place["root"], hex(&head.root().unwrap()));
                }
            });
        }
    });
    assert_eq!(running.tree.durable_size(), CLIENTS * EACH);
}

#[test]
fn a_leaf_that_the_index_refuses_is_told_and_changes_nothing() {
    let index = LeafIndex::new(IndexOptions::in_memory().refuse_duplicates(true));
    let tree = AnyTreeBuilder::on(Arc::new(MemoryStorage::new()))
        .arity(2)
        .insert_hook(index.hook())
        .open(Blake3Hasher)
        .unwrap();
    let running = Running::of(tree, |server| server.index(index));
    assert_eq!(running.append(0..2, 0).status, 200);
    let spent = json!({ "leaves": [hex(&leaf(9)), hex(&leaf(1))] });
    assert_eq!(
        running.post("/v1/leaves", &spent).error(),
        (422, "refused".to_owned())
    );
    let none = running.post("/v1/leaves", &json!({ "leaves": [] }));
    assert_eq!(none.error(), (422, "refused".to_owned()));
    assert_eq!(running.tree.size(), 2);
}

#[test]
fn an_append_beyond_a_limit_changes_nothing() {
    let limits = limits(|limits| {
        limits.append_leaves = 2;
        limits.body_bytes = 4096;
    });
    let running = Running::of(tree(), |server| server.limits(limits));
    assert_eq!(
        running.append(0..3, 0).error(),
        (400, "too_many".to_owned())
    );
    let large = post_bytes(&running, "", &[0; 4128]);
    assert_eq!(large.error(), (413, "too_large".to_owned()));
    let authorization = format!("authorization: Bearer {TOKEN}");
    let headers = [
        "content-type: application/json",
        &authorization,
        "transfer-encoding: chunked",
    ];
    let mut chunked = request("POST /v1/leaves", &headers, b"");
    chunked.extend_from_slice(format!("1001\r\n{}\r\n0\r\n\r\n", " ".repeat(4097)).as_bytes());
    assert_eq!(
        send(running.address, &chunked).error(),
        (413, "too_large".to_owned())
    );
    assert_eq!(running.tree.size(), 0);
}
