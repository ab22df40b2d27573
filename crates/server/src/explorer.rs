//! The page at `/`: its files are a part of the program.

mod assets;
mod policy;

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use self::assets::Asset;
use crate::{
    answer,
    app::App,
    problem::{Code, Problem},
};

/// The page itself. Its scripts and styles have paths below `/assets/`.
const PAGE: &str = "explorer/index.html";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(page))
        .route("/assets/{*path}", get(asset))
}

async fn page(headers: HeaderMap) -> Response {
    send(PAGE, &headers)
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    send(&path, &headers)
}

/// The file at a path, or that the client has it.
fn send(path: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = Asset::find(path) else {
        return Problem::new(Code::NotFound, "the page has no such file").into_response();
    };
    let mut response = match asset.is_known(headers) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => answer::body(asset.bytes, asset.kind(), answer::NOW),
    };
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, answer::NOW);
    answer.insert(header::ETAG, asset.tag());
    policy::add(answer);
    response
}

#[cfg(test)]
mod tests;
