//! [`Once`]: done once, and tried again by the next call where it failed.

use std::sync::{Mutex, PoisonError};

/// Whether something was done.
#[derive(Debug, Default)]
pub(crate) struct Once(Mutex<bool>);

impl Once {
    /// Does it, unless it was done.
    pub(crate) fn get_or_try<E>(&self, act: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let mut is_done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_done {
            act()?;
            *is_done = true;
        }
        Ok(())
    }

    /// Whether it was not done, and is not being done.
    pub(crate) fn is_due(&self) -> bool {
        self.0.try_lock().is_ok_and(|is_done| !*is_done)
    }
}
