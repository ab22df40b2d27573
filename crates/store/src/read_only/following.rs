//! [`Following`]: a thread that refreshes a view and tells its newer states.

use std::{
    fmt, io,
    ops::ControlFlow,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;

use super::ReadOnly;
use crate::{
    RotorTreeError, StorageError, fork::Process, isolated::isolated, lock::lock, runtime::start,
};

/// The shortest interval. A look takes microseconds, and a thread must not do nothing but look.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

/// Follows a store for a view; see [`ReadOnly::follow`]. Dropping it ends its thread, and waits for
/// the refresh or the callback under way.
#[must_use = "following ends when this is dropped"]
pub struct Following {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
    process: Process,
}

/// Tells the thread to end.
#[derive(Default)]
struct Stop {
    is_due: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn stop(&self) {
        *lock(&self.is_due) = true;
        self.changed.notify_all();
    }

    /// Waits until `time`. Returns whether the thread goes on.
    fn wait_until(&self, time: Option<Instant>) -> bool {
        let mut is_due = lock(&self.is_due);
        while !*is_due {
            let left = time.map(|time| time.saturating_duration_since(Instant::now()));
            is_due = match left {
                Some(left) if left.is_zero() => return true,
                Some(left) => {
                    let waited = self.changed.wait_timeout(is_due, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.changed.wait(is_due);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        false
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> ReadOnly<H, N, MAX_DEPTH> {
    /// Refreshes this view now and `interval` after each refresh, on a thread of its own, and calls
    /// `callback` there: with the [`version`](Self::version) of the view whenever the view shows a
    /// newer state than it was told of last, or than at this call; with the error of each refresh
    /// that fails. The states between two refreshes are not told. An interval below a millisecond
    /// counts as one.
    ///
    /// The thread ends when the [`Following`] is dropped or the callback returns
    /// [`ControlFlow::Break`]. The callback runs without a lock of this crate, and may refresh the
    /// view or drop the `Following`. A panic of the callback is caught, and following goes on.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// use std::{ops::ControlFlow, sync::mpsc, time::Duration};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let config = RotorTreeConfig::new(dir.path());
    /// let tree = RotorTree::<_, 2, 32>::open(Blake3Hasher, config.clone())?;
    /// let view = RotorTree::<_, 2, 32>::open_read_only(Blake3Hasher, config)?;
    ///
    /// let (heads, received) = mpsc::channel();
    /// let shown = view.clone();
    /// let following = view.follow(Duration::from_millis(5), move |outcome| {
    ///     if outcome.is_ok() && heads.send(shown.head()).is_ok() {
    ///         ControlFlow::Continue(())
    ///     } else {
    ///         ControlFlow::Break(())
    ///     }
    /// })?;
    /// tree.insert_durable([1; 32])?;
    /// assert_eq!(received.recv()?, tree.head());
    /// drop(following);
    /// assert!(received.recv().is_err(), "the thread has ended");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if the system has no thread. [`StorageError::Closed`] in a
    /// child that was forked after the view was opened.
    pub fn follow(
        &self,
        interval: Duration,
        callback: impl FnMut(Result<u64, RotorTreeError>) -> ControlFlow<()> + Send + 'static,
    ) -> Result<Following, RotorTreeError> {
        self.check_process()?;
        let stop = Arc::new(Stop::default());
        let follower = Follower {
            told: self.version(),
            view: self.clone(),
            callback,
        };
        let of_thread = Arc::clone(&stop);
        let thread = start("follow", move || follower.run(&of_thread, interval));
        let thread = thread.map_err(|error| {
            let starved = format!("the system has no thread to follow the store with: {error}");
            StorageError::Unavailable(Arc::new(io::Error::new(error.kind(), starved)))
        })?;
        Ok(Following {
            stop,
            thread: Some(thread),
            process: self.view.process,
        })
    }
}

/// The work of the thread.
struct Follower<H: Hasher, const N: usize, const MAX_DEPTH: usize, F> {
    view: ReadOnly<H, N, MAX_DEPTH>,
    /// The version that the callback was told last.
    told: u64,
    callback: F,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize, F> Follower<H, N, MAX_DEPTH, F>
where
    F: FnMut(Result<u64, RotorTreeError>) -> ControlFlow<()>,
{
    fn run(mut self, stop: &Stop, interval: Duration) {
        let interval = interval.max(MIN_INTERVAL);
        let mut due = Some(Instant::now());
        // A time that no clock reaches never comes.
        while stop.wait_until(due) {
            // A panic is that of the hasher, of a subscriber or of the callback.
            if isolated(|| self.look()).is_some_and(|told| told.is_break()) {
                break;
            }
            due = Instant::now().checked_add(interval);
        }
        isolated(|| drop(self));
    }

    fn look(&mut self) -> ControlFlow<()> {
        let refreshed = self.view.refresh();
        let version = self.view.version();
        match refreshed {
            Err(error) => (self.callback)(Err(error)),
            Ok(_) if version > self.told => {
                self.told = version;
                (self.callback)(Ok(version))
            }
            Ok(_) => ControlFlow::Continue(()),
        }
    }
}

impl Following {
    /// Whether the thread still runs: neither has its callback ended it, nor a fork left it behind
    /// in the parent.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let thread = self.thread.as_ref();
        self.process.is_current() && thread.is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // The thread of a parent does not run in its child, and may have held the lock.
        if !self.process.is_current() {
            return;
        }
        self.stop.stop();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // Panics of others are caught there.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following")
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use rotortree_hasher::Blake3Hasher;

    use super::*;
    use crate::{RotorTree, memory::MemoryStorage, runtime::starved::while_starved};

    #[test]
    fn a_system_without_a_thread_is_told_and_the_callback_dropped() {
        let storage = Arc::new(MemoryStorage::new());
        let tree = RotorTree::<_, 2, 32>::on(Arc::clone(&storage) as _).open(Blake3Hasher);
        drop(tree.unwrap());
        let view = RotorTree::<_, 2, 32>::on(storage).open_read_only(Blake3Hasher);
        let view = view.unwrap();
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        let following = while_starved(|| {
            view.follow(Duration::ZERO, move |_| {
                let _inside = &inside;
                ControlFlow::Continue(())
            })
        });
        assert!(matches!(
            following,
            Err(RotorTreeError::Storage(StorageError::Unavailable(_)))
        ));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
