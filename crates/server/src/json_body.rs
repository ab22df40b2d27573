//! Bodies in JSON.

use axum::{body::Body, http::header};
use hyper::Request;
use serde::de::DeserializeOwned;

use crate::{
    app::App,
    problem::{Code, Problem},
};

/// The media type of a body, without its parameters.
pub(crate) fn media_type(request: &Request<Body>) -> Option<&str> {
    let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    kind.split(';').next().map(str::trim)
}

/// Whether a body is JSON: what comes without a type is taken for JSON.
pub(crate) fn is_json(kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// A body of JSON, which has at most `most` bytes.
pub(crate) async fn read<T: DeserializeOwned>(
    app: &App,
    request: Request<Body>,
    most: usize,
) -> Result<T, Problem> {
    if !is_json(media_type(&request)) {
        return Err(
            Problem::new(Code::MediaType, "the body of this path is JSON")
                .next("send `Content-Type: application/json`"),
        );
    }
    let body = app.work.bodies.read(request, &app.limits, most).await?;
    parse(&body.bytes)
}

/// The document in the text of a body.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| Problem::bad(format_args!("the body: {error}")))
}
