//! Finding a leaf.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use rotortree_proof_forms::hex;

use crate::{
    answer,
    app::App,
    documents::Found,
    extract::InPath,
    number::{self, HashText},
    problem::{Code, Problem, ProblemDocument},
};

/// The smallest index of a leaf
///
/// Without an index the first leaves are read, as many as a limit says.
#[utoipa::path(get, path = "/v1/find/{leaf}", tag = "leaves",
    params(("leaf" = HashText, Path, description = "64 hex digits behind 0x")),
    responses(
        (status = 200, body = Found),
        (status = 404, body = ProblemDocument, description = "The durable tree does not have it"),
        (status = 501, body = ProblemDocument, description = "This leaf wants an index"),
        (status = "default", body = ProblemDocument),
    ),
)]
pub(super) async fn find(
    State(app): State<Arc<App>>,
    InPath(leaf): InPath<String>,
) -> Result<Response, Problem> {
    let leaf = number::leaf(&leaf)?;
    let sought = app.ask(None, move |app, snapshot| app.find(snapshot, &leaf));
    let sought = sought.await?;
    let index = sought.index.ok_or_else(|| absent(&leaf))?;
    let found = Found {
        index,
        leaf: hex::encode(&leaf),
        by: sought.by,
        scanned: sought.scanned,
    };
    answer::json(&found, answer::FOR_EVER)
}

/// A leaf that the durable tree does not have.
pub(super) fn absent(leaf: &rotortree::Hash) -> Problem {
    let message = format!("the durable tree has no leaf {}", hex::encode(leaf));
    Problem::new(Code::NotFound, message)
}
