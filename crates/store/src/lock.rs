//! Locking a mutex whose data stays valid when a holder panics.
//!
//! For state that every critical section leaves consistent at each step. State that a panic can
//! leave half changed must not be locked through here.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, ignoring poisoning.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
