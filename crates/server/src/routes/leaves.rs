//! Leaves: one, or a run.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use rotortree_proof_forms::hex;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    answer,
    app::App,
    documents::{Leaf, Leaves},
    extract::{InPath, InQuery},
    number::{Number, number},
    problem::{Code, Problem, ProblemDocument},
    source::beyond,
};

/// The leaf at an index
#[utoipa::path(get, path = "/v1/leaves/{index}", tag = "leaves",
    params(("index" = Number, Path, description = "Counted from 0")),
    responses(
        (status = 200, body = Leaf),
        (status = "default", body = ProblemDocument),
    ),
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    InPath(index): InPath<String>,
) -> Result<Response, Problem> {
    let index = number("an index", &index)?;
    let leaf = app.ask_briefly(None, move |_, snapshot| match index < snapshot.size() {
        true => Ok(snapshot.get_leaf(index)?),
        false => Err(beyond("index", index, snapshot)),
    });
    let leaf = hex::encode(&leaf.await?);
    answer::json(&Leaf { index, leaf }, answer::FOR_EVER)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Run {
    /// The index of the first leaf; 0 without it
    start: Option<Number>,
    /// The index behind the last leaf; without it, or beyond the limit or the tree, fewer come
    end: Option<Number>,
    /// `json`, or `bytes` for records of 32 bytes
    #[serde(default)]
    #[param(inline)]
    format: LeavesFormat,
}

#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum LeavesFormat {
    #[default]
    Json,
    Bytes,
}

/// A run of leaves
///
/// At most as many as a limit says; `end` of the answer tells where to go on.
#[utoipa::path(get, path = "/v1/leaves", tag = "leaves", params(Run),
    responses(
        (status = 200, content(
            (Leaves = "application/json"),
            (Vec<u8> = "application/octet-stream"),
        )),
        (status = "default", body = ProblemDocument),
    ),
)]
pub(super) async fn run(
    State(app): State<Arc<App>>,
    InQuery(run): InQuery<Run>,
) -> Result<Response, Problem> {
    let start = run.start.map_or(0, |Number(start)| start);
    let end = run.end.map_or(u64::MAX, |Number(end)| end);
    if end < start {
        let message = format!("a run does not end at {end} if it starts at {start}");
        return Err(Problem::bad(message));
    }
    let ask = app.ask(None, move |app, snapshot| {
        if start > snapshot.size() {
            return Err(beyond("index", start, snapshot));
        }
        let end = end
            .min(snapshot.size())
            .min(start.saturating_add(app.limits.read_leaves));
        let len = usize::try_from(end - start)
            .map_err(|_| Problem::new(Code::TooMany, "a run of leaves does not fit in memory"))?;
        let mut leaves = vec![[0; 32]; len];
        snapshot.read_nodes(0, start, &mut leaves)?;
        Ok(leaves)
    });
    let leaves = ask.await?;
    let last = start + leaves.len() as u64;
    let lasts = answer::lasting(last == end);
    match run.format {
        LeavesFormat::Bytes => Ok(answer::body(leaves.into_flattened(), answer::BYTES, lasts)),
        LeavesFormat::Json => {
            let leaves = leaves.iter().map(|leaf| hex::encode(leaf)).collect();
            let end = last;
            answer::json(&Leaves { start, end, leaves }, lasts)
        }
    }
}
