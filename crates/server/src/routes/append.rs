//! Appending leaves.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rotortree_proof_forms::hex;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer,
    app::{App, Writing},
    appender::Entry,
    documents::Appended,
    extract::InQuery,
    json_body,
    number::{HashText, Number},
    problem::{Code, Problem, ProblemDocument},
};

/// Leaves, metadata or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "leaves": ["0x0101010101010101010101010101010101010101010101010101010101010101"],
    "metadata": "YmxvY2sgMTc=",
}))]
pub(super) struct EntryDocument {
    /// Leaves, 64 hex digits each behind 0x
    #[serde(default)]
    leaves: Vec<HashText>,
    /// The size that the tree has before: the same leaves at the same size are appended once
    expected_size: Option<Number>,
    /// The application's metadata in base64, at most 64 KiB; replaces that of earlier entries
    metadata: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct At {
    /// For records: the size that the tree has before
    expected_size: Option<Number>,
}

/// Appends leaves, and answers once they are durable
///
/// The body is JSON, or records of 32 bytes. With `expected_size` a client that lost the answer
/// sends the same again, and gets the same answer.
#[utoipa::path(post, path = "/v1/leaves", tag = "leaves", params(At),
    request_body(content(
        (EntryDocument = "application/json"),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses(
        (status = 200, body = Appended, description = "The entry is durable"),
        (status = 401, body = ProblemDocument, description = "The token is missing or wrong"),
        (status = 409, body = ProblemDocument, description = "The tree has another size or leaves"),
        (status = "default", body = ProblemDocument),
    ),
    security(("token" = [])),
)]
pub(super) async fn append(
    State(app): State<Arc<App>>,
    InQuery(at): InQuery<At>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let writing = allowed(&app, request.headers())?;
    let kind = json_body::media_type(&request);
    let is_json = json_body::is_json(kind);
    if !is_json && !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/octet-stream")) {
        let message = "leaves come as application/json or application/octet-stream";
        return Err(Problem::new(Code::MediaType, message));
    }
    let bodies = &app.work.bodies;
    let body = bodies
        .read(request, &app.limits, app.limits.body_bytes)
        .await?;
    let mut entry = match is_json {
        true => json(&body.bytes)?,
        false => records(&body.bytes)?,
    };
    let most = app.limits.append_leaves;
    if entry.leaves.len() > most {
        let message = format!("an append has at most {most} leaves");
        return Err(Problem::new(Code::TooMany, message).next("send them in several requests"));
    }
    match (at.expected_size, entry.expected_size) {
        (Some(Number(query)), Some(body)) if query != body => {
            return Err(Problem::bad("query and body expect different sizes"));
        }
        (Some(Number(size)), _) => entry.expected_size = Some(size),
        (None, _) => {}
    }
    let place = writing.appender.append(entry, body.room).await?;
    let appended = Appended {
        first: place.first,
        size: place.head.size,
        root: hex::encode(&place.head.root),
    };
    answer::json(&appended, answer::NOW)
}

/// Refuses a client that may not write.
fn allowed<'a>(app: &'a App, headers: &HeaderMap) -> Result<&'a Writing, Problem> {
    let writing = app.writing.as_ref().ok_or_else(|| {
        Problem::new(Code::ReadOnly, "this server only reads")
            .next("the operator starts it with --write and a token")
    })?;
    writing.tokens.check(headers, "writing")?;
    Ok(writing)
}

fn json(text: &[u8]) -> Result<Entry, Problem> {
    let document: EntryDocument = json_body::parse(text)?;
    let metadata = document
        .metadata
        .map(|text| STANDARD.decode(text))
        .transpose();
    let metadata =
        metadata.map_err(|error| Problem::bad(format_args!("`metadata` is no base64: {error}")))?;
    Ok(Entry {
        leaves: document
            .leaves
            .into_iter()
            .map(|HashText(leaf)| leaf)
            .collect(),
        metadata,
        expected_size: document.expected_size.map(|Number(size)| size),
    })
}

fn records(bytes: &[u8]) -> Result<Entry, Problem> {
    let (records, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(Problem::bad(format_args!(
            "{} bytes are no whole number of records of 32 bytes",
            bytes.len()
        )));
    }
    Ok(Entry {
        leaves: records.to_vec(),
        metadata: None,
        expected_size: None,
    })
}
