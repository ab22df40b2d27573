//! [`Process`]: distinguishes a forked child from its parent, at the cost of a load.
//! [`is_child`]: whether threads may fail to start.
//!
//! A forked child has a copy of everything but the threads: locks may be held by threads that do
//! not run there, and files are shared. So code that must not run in a child must notice the child
//! before it takes a lock. The process id would cost a system call on every insert; instead a
//! handler, registered once, counts forks. It does not count children made by a bare system call;
//! [`Process::has_this_id`] notices those. The callers decide what a child may do.

use std::sync::{Mutex, MutexGuard};

use crate::lock::lock;

/// Whether this process was forked from one that had used this crate.
///
/// If a thread of that process was just starting or ending, a lock of the standard library stays
/// held here, and no thread that is started ever runs. So whatever only goes faster with more
/// threads is left to the calling one here.
pub(crate) fn is_child() -> bool {
    counter::passed() > 0
}

/// The process in which this was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    forks: u64,
    id: u32,
}

impl Process {
    /// This process.
    pub(crate) fn current() -> Self {
        Self {
            forks: counter::forks(),
            id: std::process::id(),
        }
    }

    /// Whether this still is that process, and not a forked child of it.
    pub(crate) fn is_current(&self) -> bool {
        self.forks == counter::passed()
    }

    /// As [`is_current`](Self::is_current), for children of a bare system call too, with
    /// one of its own.
    pub(crate) fn has_this_id(&self) -> bool {
        self.is_current() && self.id == std::process::id()
    }

    /// Takes a lock that this process made. In a forked child that succeeds only if the lock is
    /// free: a thread that held it at the fork does not run there.
    pub(crate) fn lock_unless_forked<'a, T>(
        &self,
        mutex: &'a Mutex<T>,
    ) -> Option<MutexGuard<'a, T>> {
        if self.is_current() {
            Some(lock(mutex))
        } else {
            mutex.try_lock().ok()
        }
    }
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "having the system tell of forks")]
mod counter {
    //! Counts the forks between the program's first process and this one.

    use std::sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    };

    static FORKS: AtomicU64 = AtomicU64::new(0);

    /// The count so far, from which on it is kept.
    pub(super) fn forks() -> u64 {
        static COUNTS: Once = Once::new();
        COUNTS.call_once(|| {
            // SAFETY: the handler is a function without arguments that lives as long as the
            // program, and it only adds to an atomic number, which a child of a process
            // with several threads may do.
            let outcome = unsafe { libc::pthread_atfork(None, None, Some(count)) };
            // It fails for want of memory alone; children are then told by their id, and by inserts
            // not at all.
            debug_assert_eq!(outcome, 0);
        });
        passed()
    }

    pub(super) fn passed() -> u64 {
        // The child's one thread is the one that ran the handler.
        FORKS.load(Ordering::Relaxed)
    }

    /// Runs in each child, before its `fork` returns.
    extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(not(unix))]
mod counter {
    //! Nothing forks here.

    pub(super) fn forks() -> u64 {
        0
    }

    pub(super) fn passed() -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        let process = Process::current();
        assert!(process.is_current());
        assert!(process.has_this_id());
    }
}
