//! [`Bodies`]: bodies of requests, with bounds on each, on all, and on their time.

use std::sync::Arc;

use axum::{body::Body, http::header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Request;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use crate::{
    limits::Limits,
    problem::{Code, Problem},
};

/// The unit in which the bytes of bodies are counted.
const UNIT: usize = 1024;

/// Reads bodies into memory that has a bound.
pub(crate) struct Bodies {
    room: Arc<Semaphore>,
}

/// A share of the memory for bodies.
pub(crate) type Room = OwnedSemaphorePermit;

/// A body, and its share of the memory.
pub(crate) struct WholeBody {
    pub(crate) bytes: Bytes,
    pub(crate) room: Room,
}

impl Bodies {
    pub(crate) fn new(limits: &Limits) -> Self {
        let units = (limits.bodies_bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(units)),
        }
    }

    /// The whole body of a request.
    pub(crate) async fn read(
        &self,
        request: Request<Body>,
        limits: &Limits,
    ) -> Result<WholeBody, Problem> {
        let most = limits.body_bytes;
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let length: usize = length.unwrap_or(most);
        if length > most {
            return Err(too_large(most));
        }
        let units = u32::try_from(length.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(units);
        let room = room.map_err(|_| {
            Problem::new(
                Code::Overloaded,
                "the bodies of other requests take all memory for bodies",
            )
        })?;
        let body = Limited::new(request.into_body(), most).collect();
        let body = time::timeout(limits.body_time, body).await;
        let body = body.map_err(|_| {
            let seconds = limits.body_time.as_secs_f64();
            Problem::new(
                Code::SlowRequest,
                format!("the body took longer than {seconds} s"),
            )
        })?;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => too_large(most),
            false => Problem::bad(format_args!("the body broke off: {error}")),
        })?;
        Ok(WholeBody {
            bytes: body.to_bytes(),
            room,
        })
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(Code::TooLarge, format!("a body has at most {most} bytes"))
        .next("send the leaves in several requests")
}
