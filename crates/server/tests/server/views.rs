//! A server of a view, beside the process that writes.

use std::{
    io::{BufRead, BufReader, Write},
    sync::Arc,
};

use rotortree::{
    AnyTreeBuilder, Blake3Hasher, IndexOptions, IndexView, store::memory::MemoryStorage,
};
use rotortree_server::{Server, Tokens};
use serde_json::json;

use crate::{
    client::{connect, request},
    running::{Running, TOKEN, hex, leaf, tree_on},
};

#[test]
fn a_view_follows_its_writer_and_takes_no_leaves() {
    let storage = Arc::new(MemoryStorage::new());
    let tree = tree_on(storage.clone());
    tree.insert_durable(leaf(0)).unwrap();
    tree.checkpoint().unwrap();
    let running = Running::start(Arc::clone(&tree), move || {
        let view = AnyTreeBuilder::on(storage)
            .open_read_only(Blake3Hasher)
            .unwrap();
        let server = Server::of_view(view).unwrap();
        server
            .hash_name("blake3")
            .tokens(Tokens::single(TOKEN).unwrap())
    });
    assert_eq!(running.get_json("/v1/head")["size"], 1);
    let ready = running.get_json("/readyz");
    assert_eq!(
        (&ready["ready"], &ready["role"]),
        (&json!(true), &json!("reader"))
    );
    assert_eq!(running.get_json("/v1/stats")["size"], 1);
    let refused = running.post("/v1/leaves", &json!({ "leaves": [hex(&leaf(1))] }));
    assert_eq!(refused.error(), (403, "read_only".to_owned()));

    let mut follower = connect(running.address);
    follower
        .write_all(&request("GET /v1/heads?after=1", &[], b""))
        .unwrap();
    tree.insert_many_durable(&[leaf(1), leaf(2)]).unwrap();
    tree.checkpoint().unwrap();
    let events = BufReader::new(follower);
    let mut ids = events
        .lines()
        .filter_map(|line| Some(line.unwrap().strip_prefix("id: ")?.to_owned()));
    assert_eq!(ids.next().as_deref(), Some("3"));
    assert_eq!(running.get_json("/v1/head")["size"], 3);
    assert_eq!(running.get("/v1/proofs/2").status, 200);
}

#[test]
fn an_index_beside_a_view_keeps_up_with_it() {
    let storage = Arc::new(MemoryStorage::new());
    let tree = tree_on(storage.clone());
    tree.insert_durable(leaf(0)).unwrap();
    tree.checkpoint().unwrap();
    let running = Running::start(Arc::clone(&tree), move || {
        let view = AnyTreeBuilder::on(storage);
        let view = view.open_read_only(Blake3Hasher).unwrap();
        let index = IndexView::open(&IndexOptions::in_memory(), view.snapshot()).unwrap();
        Server::of_view(view).unwrap().index_view(index)
    });
    let by_index = |number: u64| {
        let found = running.get_json(&format!("/v1/find/{}", hex(&leaf(number))));
        assert_eq!(
            (&found["index"], &found["by"]),
            (&json!(number), &json!("index"))
        );
    };
    by_index(0);
    tree.insert_many_durable(&[leaf(1), leaf(2)]).unwrap();
    tree.checkpoint().unwrap();
    while running.get_json("/v1/head")["size"] != 3 {
        std::thread::yield_now();
    }
    by_index(2);
    let absent = running.get(&format!("/v1/find/{}", hex(&leaf(3))));
    assert_eq!(absent.error(), (404, "not_found".to_owned()));
}
