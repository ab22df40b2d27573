//! [`Bodies`]: bodies of requests, with bounds on each, on all, and on their time.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;
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
    pub(crate) bytes: Vec<u8>,
    pub(crate) room: Room,
}

impl Bodies {
    pub(crate) fn new(limits: &Limits) -> Self {
        let units = (limits.bodies_bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(units)),
        }
    }

    /// The whole body of a request, which has at most `most` bytes.
    pub(crate) async fn read(
        &self,
        request: Request<Body>,
        limits: &Limits,
        most: usize,
    ) -> Result<WholeBody, Problem> {
        check_coding(request.headers())?;
        let body = request.into_body();
        // What the connection lets through, whatever the headers say.
        let length = body.size_hint().upper().unwrap_or(most as u64);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
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
        let bytes = time::timeout(limits.body_time, collect(body, length)).await;
        let bytes = bytes.map_err(|_| {
            let seconds = limits.body_time.as_secs_f64();
            Problem::new(
                Code::SlowRequest,
                format!("the body took longer than {seconds} s"),
            )
        })??;
        Ok(WholeBody { bytes, room })
    }
}

/// Copies a body of at most `most` bytes. Pieces that were kept as they come would cost a client
/// that sends one byte in each chunk little, and the server a lot.
async fn collect(mut body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(most);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Problem::bad(format_args!("the body broke off: {error}")))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if piece.len() > most - bytes.len() {
            return Err(too_large(most));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Refuses a body in a coding, which is never undone: its bytes would be taken for leaves. The
/// connection undoes chunks, and passes over every other coding of the transfer.
fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let is_all = |name, plain: &[u8]| {
        let mut codings = headers.get_all(name).iter();
        codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(plain))
    };
    match is_all(header::CONTENT_ENCODING, b"identity")
        && is_all(header::TRANSFER_ENCODING, b"chunked")
    {
        true => Ok(()),
        false => Err(
            Problem::new(Code::MediaType, "the server undoes no coding of a body")
                .next("send the body without `Content-Encoding`, and at most in chunks"),
        ),
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(Code::TooLarge, format!("a body has at most {most} bytes"))
        .next("send the leaves in several requests")
}
