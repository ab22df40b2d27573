//! Answers: JSON documents and bytes.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use rotortree_proof_forms::Format;
use serde::Serialize;

use crate::problem::{Code, Problem};

/// An answer that stays true for ever: about an index or a size that is durable.
pub(crate) const FOR_EVER: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");
/// An answer that is true now.
pub(crate) const NOW: HeaderValue = HeaderValue::from_static("no-cache");

/// How long an answer stays true.
pub(crate) fn lasting(is_for_ever: bool) -> HeaderValue {
    match is_for_ever {
        true => FOR_EVER,
        false => NOW,
    }
}

/// A document on one line.
pub(crate) fn json<D: Serialize>(document: &D, lasts: HeaderValue) -> Result<Response, Problem> {
    let mut text = serde_json::to_vec(document)
        .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    text.push(b'\n');
    Ok(body(text, JSON, lasts))
}

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

pub(crate) fn body(bytes: impl Into<Bytes>, kind: HeaderValue, lasts: HeaderValue) -> Response {
    let mut response = Body::from(bytes.into()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, lasts);
    response
}

/// The media type of proofs of a form.
pub(crate) fn media_type(format: Format) -> HeaderValue {
    match format {
        Format::Bytes => BYTES,
        Format::Abi => TEXT,
        _ => JSON,
    }
}
