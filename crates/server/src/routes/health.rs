//! Whether the process lives, and whether it is of use.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer,
    app::App,
    problem::{Code, Problem, ProblemDocument},
    source::Tree,
};

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
    let readiness = Readiness::told(&app);
    let status = match readiness.ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok((status, answer::json(&readiness, answer::NOW)?).into_response())
}

/// The metrics of the tree and of the server, as text for Prometheus
///
/// The operator may have it want a token.
#[utoipa::path(get, path = "/metrics", tag = "about", responses(
    (status = 200, body = String, content_type = "text/plain"),
    (status = "default", body = ProblemDocument),
))]
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(scrapers) = &app.work.scrapers {
        scrapers.check(&headers, "this path")?;
    }
    let none = || Problem::new(Code::NotFound, "this server keeps no metrics");
    let metrics = app.work.meter.metrics().ok_or_else(none)?;
    Readiness::told(&app);
    if let Tree::Owned(tree) = app.source.tree() {
        // Records them. Waits for an insert that hashes, and must work while all calls are taken:
        // one scrape at a time has a thread.
        let tree = Arc::clone(tree);
        app.work.meter.scrape(move || drop(tree.stats())).await;
    }
    Ok(answer::body(metrics.text(), PROMETHEUS, answer::NOW))
}

const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");

impl Readiness {
    /// As of now, and recorded as metrics.
    fn told(app: &App) -> Self {
        let readiness = Self::of(app);
        let lag = Duration::from_secs_f64(readiness.lag_seconds);
        app.work.meter.readiness(readiness.ready, lag);
        readiness
    }

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
