//! [`Process`]: distinguishes a forked child from its parent, at the cost of a load.
//! [`PerProcess`]: a value that a forked child makes anew. [`is_child`]: whether threads may fail
//! to start.
//!
//! A forked child has a copy of everything but the threads: locks may be held by threads that do
//! not run there, and files are shared. So code that must not run in a child must notice the child
//! before it takes a lock. The process id would cost a system call on every insert; instead a
//! handler, registered once, counts forks. It does not count children made by a bare system call;
//! [`Process::has_this_id`] notices those. The callers decide what a child may do.

use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwapOption;

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

/// A shared value with threads of its own, of which every process has its own.
pub(crate) struct PerProcess<T> {
    current: ArcSwapOption<(Process, Arc<T>)>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self {
            current: ArcSwapOption::const_empty(),
        }
    }

    /// This process's value, made if there is none yet. Of several that are made at once one is
    /// kept.
    pub(crate) fn get(&self, make: impl Fn() -> T) -> Arc<T> {
        loop {
            let current = self.current.load();
            if let Some(owned) = &*current
                && owned.0.is_current()
            {
                return Arc::clone(&owned.1);
            }
            let made = Arc::new((Process::current(), Arc::new(make())));
            let before = self
                .current
                .compare_and_swap(&current, Some(Arc::clone(&made)));
            let is_ours = match (&*before, &*current) {
                (None, None) => true,
                (Some(before), Some(current)) => Arc::ptr_eq(before, current),
                _ => false,
            };
            if is_ours {
                // The parent's threads may have held its locks, and dropping it would take them.
                std::mem::forget(arc_swap::Guard::into_inner(before));
                return Arc::clone(&made.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_in_a_process() {
        let value = PerProcess::new();
        let first = value.get(|| 17);
        assert!(Arc::ptr_eq(&first, &value.get(|| unreachable!())));
        let process = Process::current();
        assert!(process.is_current());
        assert!(process.has_this_id());
    }
}
