//! Whether the process lives, and whether it is of use.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer, app::App, problem::Problem, source::Tree};

/// The process answers
#[utoipa::path(get, path = "/healthz", tag = "about", responses(
    (status = 200, body = String, content_type = "text/plain"),
))]
pub(super) async fn healthz() -> Response {
    answer::body("ok\n", answer::TEXT, answer::NOW)
}

/// Whether the server is of use, and how far it lags.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    ready: bool,
    /// `writer` or `reader`
    role: &'static str,
    /// Leaves, durable or not
    size: u64,
    /// Leaves that are durable
    durable_size: u64,
    /// Leaves that wait for the disk
    lag_leaves: u64,
    /// Seconds since a reader last looked at what its writer did; 0 for a writer
    lag_seconds: f64,
    /// Why it is not ready, or why it does not write
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Whether the server is of use, and how far it lags
#[utoipa::path(get, path = "/readyz", tag = "about", responses(
    (status = 200, body = Readiness),
    (status = 503, body = Readiness, description = "Not ready; `reason` says why"),
))]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let readiness = Readiness::of(&app);
    let status = match readiness.ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok((status, answer::json(&readiness, answer::NOW)?).into_response())
}

impl Readiness {
    /// Blocks on nothing.
    fn of(app: &App) -> Self {
        let mut readiness = match app.source.tree() {
            Tree::Owned(tree) => {
                // In this order, so that the difference is not negative.
                let durable_size = tree.durable_size();
                let size = tree.size();
                let failure = tree.failure();
                Self {
                    ready: failure.is_none(),
                    role: "writer",
                    size,
                    durable_size,
                    lag_leaves: size.saturating_sub(durable_size),
                    lag_seconds: 0.0,
                    reason: failure.map(|failure| failure.to_string()),
                }
            }
            Tree::Viewed { view, .. } => {
                let age = view.refreshed_at().elapsed();
                let is_fresh = age <= app.limits.lag_time;
                let size = view.size();
                Self {
                    ready: is_fresh,
                    role: "reader",
                    size,
                    durable_size: size,
                    lag_leaves: 0,
                    lag_seconds: age.as_secs_f64(),
                    reason: (!is_fresh).then(|| "the view cannot be refreshed".to_owned()),
                }
            }
        };
        if *app.stopping.borrow() {
            readiness.ready = false;
            readiness.reason = Some("the server stops".to_owned());
        }
        readiness
    }
}
