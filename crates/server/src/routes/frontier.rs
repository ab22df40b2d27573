//! The frontier, with which a new node begins.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use rotortree_proof_forms::hex;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    answer,
    app::App,
    documents::FrontierDocument,
    extract::InQuery,
    number::Number,
    problem::{Problem, ProblemDocument},
    source,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct At {
    /// The frontier when the tree had this many leaves
    size: Option<Number>,
}

/// The frontier: all that a new node needs to append from there on
#[utoipa::path(get, path = "/v1/frontier", tag = "heads", params(At),
    responses(
        (status = 200, body = FrontierDocument),
        (status = "default", body = ProblemDocument),
    ),
)]
pub(super) async fn frontier(
    State(app): State<Arc<App>>,
    InQuery(at): InQuery<At>,
) -> Result<Response, Problem> {
    let size = at.size.map(|Number(size)| size);
    let document = app.ask(size, |app, snapshot| {
        let head = source::head(snapshot);
        Ok(FrontierDocument {
            size: head.size,
            root: hex::encode(&head.root),
            arity: snapshot.arity(),
            hash: app.hash.name.to_string(),
            frontier: hex::encode(&snapshot.frontier_at(head.size)?),
        })
    });
    answer::json(&document.await?, answer::lasting(size.is_some()))
}
