//! [`Hashing`]: the thread that runs the hasher, or the insert hook, under the writer lock, so that
//! a call from within is refused.
//!
//! Hasher and hook are the only foreign code that runs under a lock of the engine.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::locks::Foreign;
use crate::{hashing::is_pool_thread, sync::thread_token};

/// The thread that runs the hasher. Uses the standard atomics in models too: a thread compares only
/// its own token.
#[derive(Default)]
pub(super) struct Hashing {
    /// The token of the thread that holds the writer lock and hashes; 0 for none.
    thread: AtomicUsize,
    /// Whether the threads of the pool help.
    on_pool: AtomicBool,
}

impl Hashing {
    /// Marks this thread as the hashing one until the guard is dropped. Called with the writer lock
    /// held.
    pub(super) fn begin(&self, on_pool: bool) -> Mark<'_> {
        self.on_pool.store(on_pool, Ordering::Relaxed);
        self.thread.store(thread_token(), Ordering::Relaxed);
        Mark {
            hashing: self,
            _foreign: Foreign::begin(),
        }
    }

    /// Whether this call comes from within the tree's hasher.
    pub(super) fn is_here(&self) -> bool {
        match self.thread.load(Ordering::Relaxed) {
            0 => false,
            thread => {
                thread == thread_token()
                    || (self.on_pool.load(Ordering::Relaxed) && is_pool_thread())
            }
        }
    }
}

/// Marks its thread as the one that runs the hasher.
pub(super) struct Mark<'a> {
    hashing: &'a Hashing,
    _foreign: Foreign,
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.hashing.thread.store(0, Ordering::Relaxed);
    }
}
