//! The page at `/`: its files are a part of the program.

use std::sync::Arc;

use axum::{Router, http::HeaderValue, response::Response, routing::get};

use crate::{answer, app::App};

/// The page. Its scripts and styles have paths below `/assets/`.
const PAGE: &str = include_str!("explorer/index.html");

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/", get(page))
}

async fn page() -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    answer::body(PAGE, html, answer::NOW)
}
