//! `/metrics`: the names of the page, and counts of what was asked.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{collections::BTreeSet, future::poll_fn, sync::Arc, task::Poll};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
    routing::get,
};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use rotortree::{AnyTree, AnyTreeBuilder, Blake3Hasher, RotorTreeConfig};
use rotortree_server::{Metrics, Server, Tokens};

const TOKEN: &str = "a-token-of-these-tests";

/// A tree that tells `metrics`.
fn open(place: &std::path::Path, metrics: &Metrics) -> Arc<dyn AnyTree> {
    metrics::with_local_recorder(&metrics.recorder(), || {
        let config = RotorTreeConfig::new(place);
        AnyTreeBuilder::new(config)
            .arity(2)
            .open(Blake3Hasher)
            .unwrap()
    })
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let service = TowerToHyperService::new(router.clone());
    let answer = service.call(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.into()).unwrap())
}

async fn read(router: &Router, path: &str) -> (StatusCode, String) {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

/// Names and types on the page, of rows of a kind.
fn documented(kind: &str) -> BTreeSet<String> {
    let page = include_str!("../../../docs/observability.md");
    let start = format!("| {kind} |");
    let rows = page.lines().filter(|line| line.starts_with(&start));
    let name = |row: &str| {
        let cells: Vec<_> = row
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        format!("{} {}", cells[2], cells[3])
    };
    rows.map(name).collect()
}

#[tokio::test]
async fn the_page_has_every_metric_of_a_server_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let metrics = Metrics::new();
    let tree = open(&directory.path().join("tree"), &metrics);
    let server = Server::of_tree(Arc::clone(&tree))
        .tokens(Tokens::single(TOKEN).unwrap())
        .metrics(metrics)
        .also(Router::new().route("/also", get(async || "also")));
    let router = server.router().unwrap();
    let append = Request::post("/v1/leaves")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/octet-stream")
        .body(Body::from(vec![7; 64]))
        .unwrap();
    assert_eq!(ask(&router, append).await.0, StatusCode::OK);
    for (path, status) in [("/v1/head", 200), ("/v1/head", 200), ("/v1/proofs/9", 404)] {
        assert_eq!(read(&router, path).await.0, status, "{path}");
    }
    assert_eq!(read(&router, "/also").await.1, "also");
    assert_eq!(read(&router, "/no/such/path").await.0, 404);
    let (status, text) = read(&router, "/metrics").await;
    assert_eq!(status, StatusCode::OK);

    let told = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let (server, tree_told): (BTreeSet<_>, BTreeSet<_>) = told
        .map(str::to_owned)
        .partition(|line| line.starts_with("rotortree_http_"));
    assert_eq!(server, documented("server metric"));
    assert!(tree_told.is_subset(&documented("metric")), "{tree_told:?}");
    for line in [
        "rotortree_http_requests_total{method=\"GET\",route=\"/v1/head\",status=\"200\"} 2",
        "rotortree_http_requests_total{method=\"POST\",route=\"/v1/leaves\",status=\"200\"} 1",
        "rotortree_http_requests_total{method=\"GET\",route=\"/v1/proofs/{leaf}\",status=\"404\"} 1",
        "rotortree_http_requests_total{method=\"other\",route=\"other\",status=\"200\"} 1",
        "rotortree_http_requests_total{method=\"other\",route=\"other\",status=\"404\"} 1",
        "rotortree_http_request_seconds_count{method=\"GET\",route=\"/v1/head\"} 2",
        "rotortree_http_requests_in_flight 1",
        "rotortree_http_append_entries_count 1",
        "rotortree_http_append_entries_sum 1",
        "rotortree_http_ready 1",
        "rotortree_http_lag_seconds 0",
        "rotortree_http_shed_requests_total 0",
    ] {
        assert!(
            text.lines().any(|told| told == line),
            "{line} is not in {text}"
        );
    }
    let place = tree.stats();
    assert_eq!(place.durable_size, 2);
    assert!(text.contains("\nrotortree_durable_leaves{place="), "{text}");
}

#[tokio::test]
async fn a_server_without_metrics_has_no_such_path() {
    let directory = tempfile::tempdir().unwrap();
    let tree = open(&directory.path().join("tree"), &Metrics::new());
    let router = Server::of_tree(tree).router().unwrap();
    assert_eq!(read(&router, "/metrics").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_that_is_dropped_was_abandoned() {
    let directory = tempfile::tempdir().unwrap();
    let metrics = Metrics::new();
    let tree = open(&directory.path().join("tree"), &metrics);
    let never = get(async || std::future::pending::<&'static str>().await);
    let router = Server::of_tree(tree)
        .metrics(metrics.clone())
        .also(Router::new().route("/never", never))
        .router()
        .unwrap();
    let request = Request::get("/never").body(Body::empty()).unwrap();
    let mut answer = Box::pin(TowerToHyperService::new(router).call(request));
    let polled = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context)));
    assert!(polled.await.is_pending());
    let text = metrics.text();
    assert!(
        text.contains("\nrotortree_http_requests_in_flight 1\n"),
        "{text}"
    );
    drop(answer);
    let text = metrics.text();
    for line in [
        "rotortree_http_requests_in_flight 0",
        "rotortree_http_abandoned_requests_total{method=\"other\",route=\"other\"} 1",
    ] {
        assert!(
            text.lines().any(|told| told == line),
            "{line} is not in {text}"
        );
    }
}
