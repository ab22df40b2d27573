//! [`Answers`]: answers on their way to clients, with a bound on the memory of all.

use std::sync::Arc;

use axum::{
    body::{self, Body, HttpBody},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    limits::Limits,
    problem::{Code, Problem},
};

/// The unit in which bytes are counted.
const UNIT: usize = 1024;
/// A shorter answer is not counted: the limit of connections bounds these.
const SHORT: u64 = 64 << 10;

/// Counts the bytes of long answers until clients have taken them.
pub(crate) struct Answers {
    room: Arc<Semaphore>,
}

/// The bytes of an answer, and their share of the memory. The connection drops them behind the
/// last byte that it sends.
struct Counted {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answers {
    pub(crate) fn new(limits: &Limits) -> Self {
        let units = (limits.answers_bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(units)),
        }
    }

    /// The answer itself, or a refusal if the memory for answers is taken.
    pub(crate) async fn count(&self, answer: Response) -> Response {
        // Events have no length, and are as short as they come.
        let length = answer.body().size_hint().exact().unwrap_or(0);
        if length <= SHORT {
            return answer;
        }
        let units = u32::try_from(length.div_ceil(UNIT as u64)).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(units) else {
            let message = "answers that clients have yet to take fill the memory for answers";
            return Problem::new(Code::Overloaded, message).into_response();
        };
        let (head, body) = answer.into_parts();
        // The bytes are there: nothing is waited for, nothing fails, and nothing is copied.
        match body::to_bytes(body, usize::MAX).await {
            Ok(bytes) => {
                let counted = Counted { bytes, _room: room };
                Response::from_parts(head, Body::from(Bytes::from_owner(counted)))
            }
            Err(error) => Problem::new(Code::Internal, error.to_string()).into_response(),
        }
    }
}
