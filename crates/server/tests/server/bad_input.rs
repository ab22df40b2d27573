//! Hostile requests: each has a status and a document that say what is wrong, and changes nothing.

use serde_json::json;

use crate::{
    client::{Answer, request, send},
    running::{Running, TOKEN, hex, leaf, limits},
};

fn post(running: &Running, path: &str, kind: &str, body: &[u8]) -> Answer {
    let authorization = format!("authorization: Bearer {TOKEN}");
    let kind = format!("content-type: {kind}");
    let line = format!("POST {path}");
    send(
        running.address,
        &request(&line, &[&authorization, &kind], body),
    )
}

#[test]
fn paths_and_queries_that_are_not_understood_are_told() {
    let running = Running::with_leaves(4);
    let digits = hex(&leaf(0));
    for (path, status, code) in [
        ("/v2/head", 404, "not_found"),
        ("/v1/head/", 404, "not_found"),
        ("/v1", 404, "not_found"),
        ("/../../etc/passwd", 404, "not_found"),
        ("/v1/leaves/4", 404, "out_of_range"),
        ("/v1/leaves/18446744073709551615", 404, "out_of_range"),
        ("/v1/leaves/18446744073709551616", 400, "bad_request"),
        ("/v1/leaves/-1", 400, "bad_request"),
        ("/v1/leaves/+1", 400, "bad_request"),
        ("/v1/leaves/0x1", 400, "bad_request"),
        ("/v1/leaves/1.0", 400, "bad_request"),
        ("/v1/leaves/%00", 400, "bad_request"),
        ("/v1/leaves/%ff", 400, "bad_request"),
        ("/v1/leaves/..%2f..%2fsecret", 400, "bad_request"),
        ("/v1/leaves?start=5", 404, "out_of_range"),
        ("/v1/leaves?start=3&end=2", 400, "bad_request"),
        ("/v1/leaves?start=a", 400, "bad_request"),
        ("/v1/leaves?start=1&start=2", 400, "bad_request"),
        ("/v1/leaves?begin=1", 400, "bad_request"),
        ("/v1/leaves?format=xml", 400, "bad_request"),
        ("/v1/find/0x12", 400, "bad_request"),
        ("/v1/find/12", 400, "bad_request"),
        ("/v1/proofs/4", 404, "out_of_range"),
        ("/v1/proofs/0xzz", 400, "bad_request"),
        ("/v1/proofs/1?format=pdf", 400, "bad_request"),
        ("/v1/proofs/1?size=5", 404, "out_of_range"),
        ("/v1/proofs/1?size=1", 404, "out_of_range"),
        ("/v1/proofs/0?size=0", 404, "out_of_range"),
        (
            "/v1/proofs/1?format=rfc6962&format=json",
            400,
            "bad_request",
        ),
        ("/v1/consistency/3/2", 400, "bad_request"),
        ("/v1/consistency/3/5", 404, "out_of_range"),
        ("/v1/consistency/3/4?format=circom", 422, "no_such_form"),
        ("/v1/consistency/3/4?leaves=perhaps", 400, "bad_request"),
        ("/v1/frontier?size=5", 404, "out_of_range"),
        ("/v1/heads?after=x", 400, "bad_request"),
        ("/checkpoint", 404, "not_found"),
        ("/tile/0/000", 404, "not_found"),
    ] {
        assert_eq!(
            running.get(path).error(),
            (status, code.to_owned()),
            "{path}"
        );
    }
    let late = send(
        running.address,
        &request("GET /v1/heads", &["last-event-id: x"], b""),
    );
    assert_eq!(late.error(), (400, "bad_request".to_owned()));
    assert_eq!(running.get(&format!("/v1/find/{digits}")).status, 200);
}

#[test]
fn other_methods_are_told_with_those_that_there_are() {
    let running = Running::with_leaves(1);
    for line in [
        "DELETE /v1/head",
        "PUT /v1/leaves",
        "POST /v1/proofs/0",
        "BREW /healthz",
    ] {
        let answer = send(running.address, &request(line, &[], b""));
        assert_eq!(
            answer.error(),
            (405, "method_not_allowed".to_owned()),
            "{line}"
        );
        assert!(answer.header("allow").is_some());
    }
    let head = send(running.address, &request("HEAD /v1/head", &[], b""));
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn bodies_that_are_not_understood_are_told_and_change_nothing() {
    let running = Running::with_leaves(4);
    let digits = hex(&leaf(9));
    let deep = "[".repeat(100_000);
    let wrong = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]x".to_owned(),
        deep.clone(),
        format!("{{\"leaves\":{deep}"),
        format!("{{\"leaves\":[\"{digits}\"]}} trailing"),
        format!("{{\"leaves\":[\"{digits}\"],\"leaves\":[\"{digits}\"]}}"),
        format!("{{\"leaves\":[\"{digits}\"],\"leafs\":[]}}"),
        format!("{{\"leaves\":\"{digits}\"}}"),
        "{\"leaves\":[1]}".to_owned(),
        "{\"leaves\":[\"0x12\"]}".to_owned(),
        format!("{{\"leaves\":[\"{}\"]}}", "é".repeat(32)),
        format!("{{\"leaves\":[\"{digits}\"],\"expected_size\":-1}}"),
        format!("{{\"leaves\":[\"{digits}\"],\"expected_size\":1e3}}"),
        format!("{{\"leaves\":[\"{digits}\"],\"expected_size\":18446744073709551616}}"),
        format!("{{\"leaves\":[\"{digits}\"],\"metadata\":\"%\"}}"),
        format!("{{\"leaves\":[\"{digits}\"],\"metadata\":7}}"),
    ];
    for body in wrong {
        let answer = post(&running, "/v1/leaves", "application/json", body.as_bytes());
        let start: String = body.chars().take(60).collect();
        assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{start}");
    }
    let latin = post(
        &running,
        "/v1/leaves",
        "application/json",
        b"{\"leaves\":[\"\xff\"]}",
    );
    assert_eq!(latin.error(), (400, "bad_request".to_owned()));
    let odd = post(&running, "/v1/leaves", "application/octet-stream", &[0; 33]);
    assert_eq!(odd.error(), (400, "bad_request".to_owned()));
    let both = post(
        &running,
        "/v1/leaves?expected_size=4",
        "application/json",
        format!("{{\"leaves\":[\"{digits}\"],\"expected_size\":5}}").as_bytes(),
    );
    assert_eq!(both.error(), (400, "bad_request".to_owned()));
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let answer = post(&running, "/v1/leaves", kind, b"{}");
        assert_eq!(answer.error(), (415, "media_type".to_owned()), "{kind}");
    }
    let with_charset = post(
        &running,
        "/v1/leaves",
        "Application/JSON; charset=utf-8",
        b"{}",
    );
    assert_eq!(
        with_charset.error(),
        (422, "refused".to_owned()),
        "understood, and empty"
    );
    assert_eq!(running.tree.size(), 4);
}

#[test]
fn a_body_in_a_coding_is_refused_and_its_bytes_are_no_leaves() {
    let running = Running::with_leaves(0);
    let authorization = format!("authorization: Bearer {TOKEN}");
    let try_in = |coding: &str| {
        let coding = format!("content-encoding: {coding}");
        let headers = [
            "content-type: application/octet-stream",
            &authorization,
            &coding,
        ];
        send(
            running.address,
            &request("POST /v1/leaves", &headers, &leaf(0)),
        )
    };
    for coding in ["gzip", "identity, br", ""] {
        assert_eq!(
            try_in(coding).error(),
            (415, "media_type".to_owned()),
            "{coding}"
        );
    }
    // The connection undoes the chunks alone, whatever else the transfer is coded in.
    let headers = [
        "content-type: application/octet-stream",
        "transfer-encoding: gzip, chunked",
        &authorization,
    ];
    let mut bytes = request("POST /v1/leaves", &headers, b"");
    bytes.extend([&b"20\r\n"[..], &leaf(0), b"\r\n0\r\n\r\n"].concat());
    let refused = send(running.address, &bytes).error();
    assert_eq!(refused, (415, "media_type".to_owned()));
    assert_eq!(running.tree.size(), 0);
    assert_eq!(try_in("identity").status, 200);
}

#[test]
fn a_body_in_many_small_chunks_is_taken_up_to_the_limit() {
    let running = Running::with_limits(0, limits(|limits| limits.body_bytes = 64));
    let authorization = format!("authorization: Bearer {TOKEN}");
    let headers = [
        "content-type: application/octet-stream",
        "transfer-encoding: chunked",
        &authorization,
    ];
    let append = |count: usize| {
        let mut bytes = request("POST /v1/leaves", &headers, b"");
        bytes.extend(b"1\r\nx\r\n".repeat(count));
        bytes.extend(b"0\r\n\r\n");
        send(running.address, &bytes)
    };
    assert_eq!(append(64).json()["size"], 2);
    assert_eq!(append(65).error(), (413, "too_large".to_owned()));
    assert_eq!(running.tree.size(), 2);
}

#[test]
fn proofs_that_cannot_be_asked_for_are_told() {
    let running = Running::with_leaves(4);
    let many: Vec<u64> = vec![0; 1025];
    for (document, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({ "indices": [] }), 400, "bad_request"),
        (json!({ "indices": [4] }), 404, "out_of_range"),
        (json!({ "indices": [0, u64::MAX] }), 404, "out_of_range"),
        (json!({ "indices": many }), 400, "too_many"),
        (json!({ "start": 0, "end": u64::MAX }), 400, "too_many"),
        (json!({ "start": 2, "end": 2 }), 400, "bad_request"),
        (json!({ "start": 2 }), 400, "bad_request"),
        (
            json!({ "indices": [1], "start": 0, "end": 2 }),
            400,
            "bad_request",
        ),
        (
            json!({ "indices": [1], "format": "pdf" }),
            400,
            "bad_request",
        ),
        (
            json!({ "indices": [1, 2], "one": true, "format": "circom" }),
            422,
            "no_such_form",
        ),
        (json!({ "indices": [1], "size": 9 }), 404, "out_of_range"),
        (json!({ "indices": [1.5] }), 400, "bad_request"),
        (json!({ "indexes": [1] }), 400, "bad_request"),
    ] {
        let answer = running.post("/v1/proofs", &document);
        let start: String = document.to_string().chars().take(80).collect();
        assert_eq!(answer.error(), (status, code.to_owned()), "{start}");
    }
    let text = post(&running, "/v1/proofs", "text/plain", b"{}");
    assert_eq!(text.error(), (415, "media_type".to_owned()));
}

#[test]
fn heads_that_are_too_large_are_told() {
    let running = Running::with_leaves(1);
    let long = format!("GET /v1/head?{}", "x".repeat(5000));
    let answer = send(running.address, &request(&long, &[], b""));
    assert_eq!(answer.error(), (414, "uri_too_long".to_owned()));
    let fields: Vec<String> = (0..80).map(|number| format!("x-{number}: y")).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let answer = send(running.address, &request("GET /v1/head", &fields, b""));
    assert_eq!(answer.error(), (431, "headers_too_large".to_owned()));
    let large = format!("x: {}", "y".repeat(20_000));
    let answer = send(running.address, &request("GET /v1/head", &[&large], b""));
    assert_eq!(answer.error(), (431, "headers_too_large".to_owned()));
}

/// Beyond the hard bounds the status alone says what is wrong, and the connection ends.
#[test]
fn floods_and_what_is_not_http_end_with_a_status() {
    let running = Running::with_leaves(1);
    let fields: Vec<String> = (0..101).map(|number| format!("x-{number}: y")).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    assert_eq!(
        send(running.address, &request("GET /v1/head", &fields, b"")).status,
        431
    );
    for bytes in [
        &b"\x16\x03\x01 hello TLS\r\n\r\n"[..],
        b"GET /v1/head\r\n\r\n",
        b"\0\0\r\n\r\n",
    ] {
        assert_eq!(send(running.address, bytes).status, 400);
    }
    let two =
        b"GET /v1/head HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx";
    assert_eq!(send(running.address, two).status, 400);
    assert_eq!(running.get("/v1/head").status, 200);
}
