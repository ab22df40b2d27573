//! Heads, leaves, finding, frontier, and what is said of the server.

use rotortree::{AnyProof, Blake3Hasher, Frontier, IndexOptions, LeafIndex, TreeHead};
use serde_json::json;

use crate::{
    client::{request, send},
    running::{Running, hex, leaf, limits, tree},
};

fn head_of(running: &Running, size: u64) -> TreeHead {
    let snapshot = running.tree.snapshot().snapshot_at(size).unwrap();
    snapshot.head().unwrap_or(TreeHead::EMPTY)
}

#[test]
fn the_head_is_that_of_the_durable_tree_and_has_a_tag() {
    let running = Running::with_leaves(0);
    let empty = json!({ "size": 0, "root": hex(&[0; 32]) });
    assert_eq!(running.get_json("/v1/head"), empty);
    running
        .tree
        .insert_many_durable(&[leaf(0), leaf(1)])
        .unwrap();
    let answer = running.get("/v1/head");
    let head = head_of(&running, 2);
    assert_eq!(answer.json(), json!({ "size": 2, "root": hex(&head.root) }));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let tag = answer.header("etag").unwrap();
    for known in [
        tag.to_owned(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
    ] {
        let known = format!("if-none-match: {known}");
        let again = send(running.address, &request("GET /v1/head", &[&known], b""));
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    running.tree.insert_durable(leaf(2)).unwrap();
    let known = format!("if-none-match: {tag}");
    let newer = send(running.address, &request("GET /v1/head", &[&known], b""));
    assert_eq!(
        (newer.status, newer.json()["size"].as_u64()),
        (200, Some(3))
    );
}

#[test]
fn the_root_of_every_size_is_that_of_the_tree_and_stays() {
    let running = Running::with_leaves(9);
    for size in 0..=9 {
        let answer = running.get(&format!("/v1/roots/{size}"));
        let root = hex(&head_of(&running, size).root);
        assert_eq!(answer.json(), json!({ "size": size, "root": root }));
        assert!(
            answer
                .header("cache-control")
                .unwrap()
                .contains("immutable")
        );
    }
    assert_eq!(
        running.get("/v1/roots/10").error(),
        (404, "out_of_range".to_owned())
    );
}

#[test]
fn leaves_come_one_by_one_and_in_runs_that_say_where_to_go_on() {
    let running = Running::with_limits(9, limits(|limits| limits.read_leaves = 4));
    for index in 0..9 {
        let document = running.get_json(&format!("/v1/leaves/{index}"));
        assert_eq!(
            document,
            json!({ "index": index, "leaf": hex(&leaf(index)) })
        );
    }
    let (mut start, mut seen) = (0, Vec::new());
    while start < 9 {
        let run = running.get_json(&format!("/v1/leaves?start={start}"));
        seen.extend(run["leaves"].as_array().unwrap().clone());
        start = run["end"].as_u64().unwrap();
    }
    let all: Vec<_> = (0..9).map(|number| json!(hex(&leaf(number)))).collect();
    assert_eq!(seen, all);
    let bytes = running.get("/v1/leaves?start=2&end=4&format=bytes");
    assert_eq!(bytes.body, [leaf(2), leaf(3)].concat());
    assert!(bytes.header("cache-control").unwrap().contains("immutable"));
    // What is behind the end may still come.
    let end = running.get("/v1/leaves?start=8&end=20");
    assert_eq!(end.json()["end"], 9);
    assert_eq!(end.header("cache-control"), Some("no-cache"));
    let none = running.get_json("/v1/leaves?start=9");
    assert_eq!(none, json!({ "start": 9, "end": 9, "leaves": [] }));
}

#[test]
fn a_leaf_is_found_by_reading_as_far_as_a_limit_says() {
    let running = Running::with_limits(9, limits(|limits| limits.scan_leaves = 8));
    let found = running.get_json(&format!("/v1/find/{}", hex(&leaf(7))));
    let expected = json!({ "index": 7, "leaf": hex(&leaf(7)), "by": "scan", "scanned": 8 });
    assert_eq!(found, expected);
    for absent in [leaf(8), leaf(99)] {
        let answer = running.get(&format!("/v1/find/{}", hex(&absent)));
        assert_eq!(answer.error(), (501, "no_index".to_owned()));
    }
    let whole = Running::with_leaves(9);
    let absent = whole.get(&format!("/v1/find/{}", hex(&leaf(99))));
    assert_eq!(absent.error(), (404, "not_found".to_owned()));
}

#[test]
fn an_index_finds_a_leaf_at_once_and_only_where_it_is_durable() {
    let index = LeafIndex::new(IndexOptions::in_memory());
    let storage = std::sync::Arc::new(rotortree::store::memory::MemoryStorage::new());
    let tree = rotortree::AnyTreeBuilder::on(storage)
        .arity(2)
        .flush_policy(rotortree::FlushPolicy::Manual)
        .insert_hook(index.hook())
        .open(Blake3Hasher)
        .unwrap();
    let limits = limits(|limits| limits.scan_leaves = 0);
    let running = Running::of(tree, |server| server.index(index).limits(limits));
    running
        .tree
        .insert_many_durable(&[leaf(0), leaf(1)])
        .unwrap();
    running.tree.insert(leaf(2)).unwrap();
    let found = running.get_json(&format!("/v1/find/{}", hex(&leaf(1))));
    assert_eq!(
        (&found["index"], &found["by"]),
        (&json!(1), &json!("index"))
    );
    let pending = format!("/v1/find/{}", hex(&leaf(2)));
    assert_eq!(running.get(&pending).error(), (404, "not_found".to_owned()));
    running.tree.flush().unwrap();
    assert_eq!(running.get_json(&pending)["index"], 2);
    let proof = running.get_json(&format!("/v1/proofs/{}", hex(&leaf(2))));
    assert_eq!(proof["leaves"][0]["index"], 2);
}

#[test]
fn what_is_not_durable_is_not_there() {
    let storage = std::sync::Arc::new(rotortree::store::memory::MemoryStorage::new());
    let tree = rotortree::AnyTreeBuilder::on(storage)
        .arity(2)
        .flush_policy(rotortree::FlushPolicy::Manual)
        .open(Blake3Hasher)
        .unwrap();
    let running = Running::of(tree, |server| server);
    running.tree.insert_durable(leaf(0)).unwrap();
    running.tree.insert(leaf(1)).unwrap();
    assert_eq!(running.get_json("/v1/head")["size"], 1);
    for path in [
        "/v1/leaves/1",
        "/v1/proofs/1",
        "/v1/roots/2",
        "/v1/consistency/1/2",
    ] {
        assert_eq!(
            running.get(path).error(),
            (404, "out_of_range".to_owned()),
            "{path}"
        );
    }
    let ready = running.get_json("/readyz");
    let lag = [&ready["size"], &ready["durable_size"], &ready["lag_leaves"]];
    assert_eq!(lag, [&json!(2), &json!(1), &json!(1)]);
}

#[test]
fn a_new_node_goes_on_from_the_frontier() {
    let running = Running::with_leaves(7);
    let document = running.get_json("/v1/frontier?size=5");
    let head = head_of(&running, 5);
    assert_eq!(document["root"], hex(&head.root));
    let text = document["frontier"].as_str().unwrap();
    let bytes: Vec<u8> = (2..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect();
    let mut frontier = Frontier::<2, 32>::import(&bytes, &Blake3Hasher, head).unwrap();
    frontier
        .append_many(&Blake3Hasher, &[leaf(5), leaf(6)])
        .unwrap();
    assert_eq!(frontier.head(), running.tree.head());
    assert_eq!(running.get_json("/v1/frontier")["size"], 7);
}

#[test]
fn the_server_says_what_it_is_and_that_it_lives() {
    let tree = tree();
    tree.append(&[leaf(0)])
        .metadata(b"block 17")
        .durable()
        .unwrap();
    let running = Running::of(tree, |server| server);
    let info = running.get_json("/v1/info");
    assert_eq!(
        (&info["arity"], &info["hash"]),
        (&json!(2), &json!("blake3"))
    );
    assert_eq!(
        info["serves"],
        json!({ "appends": true, "index": false, "tiles": false })
    );
    assert_eq!(info["limits"]["append_leaves"], 65536);
    let metadata = running.get_json("/v1/metadata");
    assert_eq!(metadata, json!({ "size": 1, "metadata": "YmxvY2sgMTc=" }));
    assert_eq!(running.get_json("/v1/stats")["durable_size"], 1);
    assert_eq!(running.get("/healthz").body, b"ok\n");
    assert_eq!(running.get_json("/readyz")["ready"], true);
    let page = running.get("/");
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(
        running.get_json("/openapi.json")["info"]["title"],
        "rotortree"
    );
}

#[test]
fn without_a_name_documents_have_the_fingerprint_of_the_hash_function() {
    let tree = tree();
    tree.insert_durable(leaf(0)).unwrap();
    let served = std::sync::Arc::clone(&tree);
    let running = Running::start(tree, || rotortree_server::Server::of_tree(served));
    let info = running.get_json("/v1/info");
    assert_eq!(info["hash"], info["fingerprint"]);
    let proof = running.get_json("/v1/proofs/0");
    assert_eq!(proof["hash"], info["fingerprint"]);
    let bytes = running.get("/v1/proofs/0?format=bytes").body;
    let head = head_of(&running, 1);
    AnyProof::from_bytes(&bytes, 2)
        .unwrap()
        .verify_against(&Blake3Hasher, head)
        .unwrap();
}
