//! [`Tenure`]: ownership of the place, and the one call that gives it up.

use std::mem;

use super::locks::{Monitor, Rank};
use crate::{StorageError, storage::Ownership, sync::thread_token};

/// From opening until closing has ended.
pub(super) struct Tenure {
    state: Monitor<State>,
}

enum State {
    Owned(Box<dyn Ownership>),
    /// A call closes, on the thread with this token.
    Ending(usize),
    Ended,
}

/// Who closes.
pub(super) enum Closer<'a> {
    /// This call.
    This(Ending<'a>),
    /// Another one did, and has ended.
    Another,
}

/// Held by the call that closes. When it is dropped, ownership is given up, and those who wait for
/// that go on.
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

    /// The first call closes; later ones wait for it.
    ///
    /// # Errors
    /// [`StorageError::Reentered`] for a call from within the first one, which cannot
    /// wait for itself.
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
        // A backend's ownership is foreign code: no lock is held here, and a panic must not leave
        // the waiters waiting.
        if let Some(owner) = self.owner.take() {
            crate::isolated::isolated(|| drop(owner));
        }
        *self.tenure.state.lock() = State::Ended;
        self.tenure.state.notify();
    }
}
