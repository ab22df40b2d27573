//! Heads: the one now, those to come, and that of an earlier size.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use rotortree::{Hex, TreeHead};
use rotortree_proof_forms::hex;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::IntoParams;

use crate::{
    answer,
    app::App,
    documents::Head,
    extract::{InPath, InQuery},
    metrics::Inside,
    number::{Number, number},
    problem::{Code, Problem, ProblemDocument},
    source,
};

/// The durable head: what a client keeps and trusts
#[utoipa::path(get, path = "/v1/head", tag = "heads", responses(
    (status = 200, body = Head, headers(("etag" = String, description = "Changes with the head"))),
    (status = 304, description = "The head is that of `If-None-Match`"),
    (status = "default", body = ProblemDocument),
))]
pub(super) async fn head(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let head = app.source.head();
    let tag = format!("\"{}-{}\"", head.size, &hex::encode(&head.root)[2..18]);
    let mut response = match is_known(&headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => answer::json(&Head::new(head), answer::NOW)?,
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Whether the client has what the tag is of. A proxy may have made the tag a weak one.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH);
    let mut known = known
        .and_then(|known| known.to_str().ok())
        .into_iter()
        .flat_map(|known| known.split(','));
    known.any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// The head when the tree had this many leaves
#[utoipa::path(get, path = "/v1/roots/{size}", tag = "heads",
    params(("size" = Number, Path, description = "Leaves")),
    responses(
        (status = 200, body = Head),
        (status = "default", body = ProblemDocument),
    ),
)]
pub(super) async fn root(
    State(app): State<Arc<App>>,
    InPath(size): InPath<String>,
) -> Result<Response, Problem> {
    let size = number("a size", &size)?;
    let ask = |_: &App, snapshot: &dyn rotortree::AnySnapshot| Ok(source::head(snapshot));
    let head = app.ask_briefly(Some(size), ask).await?;
    answer::json(&Head::new(head), answer::FOR_EVER)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// Only heads of more leaves come. The header `Last-Event-ID` says the same.
    after: Option<Number>,
}

/// Durable heads as server-sent events
///
/// Each event is named `head`; its id is the size, its data the head. A slow client misses the
/// heads in between, and always gets the newest one.
#[utoipa::path(get, path = "/v1/heads", tag = "heads", params(After,
        ("last-event-id" = Option<Number>, Header, description = "The size of the last event"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = "default", body = ProblemDocument),
    ),
)]
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    InQuery(query): InQuery<After>,
) -> Result<Response, Problem> {
    let after = match (query.after, headers.get("last-event-id")) {
        (Some(Number(after)), _) => Some(after),
        (None, None) => None,
        (None, Some(id)) => {
            let id = id.to_str().unwrap_or_default();
            Some(number("Last-Event-ID", id)?)
        }
    };
    let permit = Arc::clone(&app.work.followers).try_acquire_owned();
    let permit = permit.map_err(|_| {
        Problem::new(
            Code::Overloaded,
            "too many clients follow the heads already",
        )
    })?;
    let follower = Follower {
        heads: app.source.heads(),
        // The task that serves all followers may be behind.
        first: Some(app.source.head()),
        stopping: app.stopping.subscribe(),
        after,
        _permit: permit,
        _counted: app.work.meter.follower(),
    };
    let mut response = Sse::new(follower.events())
        .keep_alive(KeepAlive::default())
        .into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy passes events on as they come.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// A client that follows the heads. It holds the newest head alone, however slow it is.
struct Follower {
    heads: watch::Receiver<TreeHead>,
    /// The head when the client came.
    first: Option<TreeHead>,
    stopping: watch::Receiver<bool>,
    after: Option<u64>,
    _permit: OwnedSemaphorePermit,
    _counted: Inside,
}

impl Follower {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async move {
            let head = follower.next().await?;
            let data = format!("{{\"size\":{},\"root\":\"{}\"}}", head.size, Hex(head.root));
            let event = Event::default()
                .event("head")
                .id(head.size.to_string())
                .data(data);
            Some((Ok(event), follower))
        })
    }

    /// The newest head that this client has not had; `None` once the tree or the server stops.
    async fn next(&mut self) -> Option<TreeHead> {
        loop {
            let head = match self.first.take() {
                Some(head) => head,
                None => {
                    tokio::select! {
                        changed = self.heads.changed() => changed.ok()?,
                        _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                    }
                    *self.heads.borrow_and_update()
                }
            };
            if self.after.is_none_or(|after| head.size > after) {
                self.after = Some(head.size);
                return Some(head);
            }
        }
    }
}
