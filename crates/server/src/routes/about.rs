//! What the tree and the server are, and how they do.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use rotortree_proof_forms::hex;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer,
    app::App,
    documents::Metadata,
    problem::{Problem, ProblemDocument},
    source::{self, Tree},
};

/// What the tree is, and what the server takes at once.
#[derive(Serialize, ToSchema)]
pub(super) struct Info {
    /// N: children of a node
    arity: usize,
    /// The name of the hash function, or its fingerprint
    hash: String,
    /// The fingerprint of the hash function
    fingerprint: String,
    /// Hash layers above the leaves
    depth: usize,
    serves: Serves,
    limits: InfoLimits,
    /// The version of the server
    version: &'static str,
}

/// What is served beside heads, leaves and proofs.
#[derive(Serialize, ToSchema)]
struct Serves {
    /// Whether leaves can be appended here
    appends: bool,
    /// Whether leaves are found by an index
    index: bool,
    /// Whether tiles are served
    tiles: bool,
}

/// The limits that a client plans with.
#[derive(Serialize, ToSchema)]
struct InfoLimits {
    /// Bytes of a body
    body_bytes: usize,
    /// Leaves of one append
    append_leaves: usize,
    /// Leaves of one answer
    read_leaves: u64,
    /// Proofs of one answer
    proofs: usize,
    /// Leaves that are read to find one
    scan_leaves: u64,
}

/// What the tree is, and what the server takes at once
#[utoipa::path(get, path = "/v1/info", tag = "about", responses(
    (status = 200, body = Info),
    (status = "default", body = ProblemDocument),
))]
pub(super) async fn info(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let snapshot = app.source.snapshot();
    let limits = &app.limits;
    let info = Info {
        arity: snapshot.arity(),
        hash: app.hash.name.to_string(),
        fingerprint: hex::encode(&app.source.fingerprint()),
        depth: snapshot.depth(),
        serves: Serves {
            appends: app.writing.is_some(),
            index: app.index.is_some(),
            tiles: app.tiles.is_some(),
        },
        limits: InfoLimits {
            body_bytes: limits.body_bytes,
            append_leaves: limits.append_leaves,
            read_leaves: limits.read_leaves,
            proofs: limits.proofs,
            scan_leaves: limits.scan_leaves,
        },
        version: env!("CARGO_PKG_VERSION"),
    };
    answer::json(&info, answer::NOW)
}

/// The application's metadata
#[utoipa::path(get, path = "/v1/metadata", tag = "leaves", responses(
    (status = 200, body = Metadata),
    (status = "default", body = ProblemDocument),
))]
pub(super) async fn metadata(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let snapshot = app.source.snapshot();
    let metadata = Metadata {
        size: snapshot.size(),
        metadata: snapshot
            .metadata()
            .map(|metadata| STANDARD.encode(metadata)),
    };
    answer::json(&metadata, answer::NOW)
}

/// The counters of the tree: the fields of `Stats`, or those that a view has
#[utoipa::path(get, path = "/v1/stats", tag = "about", responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = ProblemDocument),
))]
pub(super) async fn stats(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let document = app.ask(None, |app, snapshot| {
        let internal = |error: serde_json::Error| {
            Problem::new(crate::problem::Code::Internal, error.to_string())
        };
        match app.source.tree() {
            Tree::Owned(tree) => serde_json::to_value(tree.stats()).map_err(internal),
            Tree::Viewed { view, .. } => Ok(serde_json::json!({
                "size": source::head(snapshot).size,
                "version": view.version(),
                "refreshed_age": view.refreshed_at().elapsed().as_secs_f64(),
            })),
        }
    });
    answer::json(&document.await?, answer::NOW)
}
