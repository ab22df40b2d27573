//! The gate in front of all routes: bounds on the head of a request, and on time and memory of
//! its answer.

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tokio::time;

use crate::{
    app::App,
    limits::Limits,
    problem::{Code, Problem},
};

pub(crate) fn around(routes: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    routes.layer(middleware::from_fn_with_state(Arc::clone(app), pass))
}

async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map(MatchedPath::as_str);
    let told = app.work.meter.request(request.method(), path);
    let mut response = match check(&request, &app.limits) {
        Err(problem) => problem.into_response(),
        Ok(()) => {
            let answer = time::timeout(app.limits.answer_time, next.run(request));
            let answer = answer.await.unwrap_or_else(|_| late(&app.limits));
            app.work.answers.count(answer).await
        }
    };
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    if response.extensions().get() == Some(&Code::Overloaded) {
        app.work.meter.shed.increment(1);
    }
    told.answered(response.status());
    response
}

/// An answer that takes too long. Its work may go on, and is bounded by its own permits.
fn late(limits: &Limits) -> Response {
    let seconds = limits.answer_time.as_secs_f64();
    let message = format!("the answer took longer than {seconds} s");
    Problem::new(Code::TimedOut, message)
        .next(
            "ask again; leaves that were sent may have been appended, so send them with the same \
             expected_size",
        )
        .into_response()
}

/// Refuses a head that is too large.
fn check(request: &Request, limits: &Limits) -> Result<(), Problem> {
    let uri = request
        .uri()
        .path_and_query()
        .map_or("", |uri| uri.as_str());
    if uri.len() > limits.uri_bytes {
        let message = format!("path and query have at most {} bytes", limits.uri_bytes);
        return Err(Problem::new(Code::UriTooLong, message));
    }
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers.len() > limits.headers || bytes > limits.header_bytes {
        let message = format!(
            "a request has at most {} header fields of {} bytes in total",
            limits.headers, limits.header_bytes
        );
        return Err(Problem::new(Code::HeadersTooLarge, message));
    }
    Ok(())
}
