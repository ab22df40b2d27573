//! [`Tenure`]: ownership of the place, and the one call that gives it up.

use std::mem;

use super::locks::{Monitor, Rank};
use crate::{StorageError, storage::Ownership, sync::thread_token};

/// Ownership of the place, from opening until the end of closing.
pub(super) struct Tenure {
    state: Monitor<State>,
}

enum State {
    Owned(Box<dyn Ownership>),
    /// The thread with this token closes.
    Ending(usize),
    Ended,
}

/// The call that closes.
pub(super) enum Closer<'a> {
    /// This call.
    This(Ending<'a>),
    /// Another call, which has ended.
    Another,
}

/// Held by the call that closes. Dropping it gives up ownership and wakes the calls that wait for
/// the end.
pub(super) struct Ending<'a> {
    tenure: &'a Tenure,
    owner: Option<Box<dyn Ownership>>,
}

impl Tenure {
    pub(super) fn new(owner: Box<dyn Ownership>) -> Self {
        Self {
            state: Monitor::new(Rank::Tenure, State::Owned(owner)),
        }
    }

    /// Begins to close, or waits for the call that has begun.
    ///
    /// # Errors
    /// [`StorageError::Reentered`] for a call from within the closing call, which cannot wait for
    /// itself.
    pub(super) fn end(&self) -> Result<Closer<'_>, StorageError> {
        self.state.wait(
            |state| match mem::replace(state, State::Ending(thread_token())) {
                State::Owned(owner) => Some(Ok(Closer::This(Ending {
                    tenure: self,
                    owner: Some(owner),
                }))),
                State::Ended => {
                    *state = State::Ended;
                    Some(Ok(Closer::Another))
                }
                State::Ending(thread) => {
                    *state = State::Ending(thread);
                    (thread == thread_token()).then_some(Err(StorageError::Reentered))
                }
            },
        )
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        // A backend's ownership is foreign code: this thread holds no lock here, and a panic must
        // not leave the waiters waiting.
        if let Some(owner) = self.owner.take() {
            crate::isolated::isolated(|| drop(owner));
        }
        *self.tenure.state.lock() = State::Ended;
        self.tenure.state.notify();
    }
}
