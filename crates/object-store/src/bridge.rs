//! [`Bridge`]: from synchronous callers to requests that run on a thread of the handle's own.
//!
//! A caller hands a request over and waits, with a deadline, for a value of a channel. So it can be
//! any thread: a worker of a runtime, the only thread of one, a thread of a pool, a destructor. The
//! runtime is driven by one thread and never by a caller.

use std::{
    fmt,
    future::Future,
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use rotortree_store::StorageError;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::AbortHandle,
};

/// The time beyond a request's own deadline after which its thread is given up.
const SLACK: Duration = Duration::from_secs(5);

/// Where requests run. Its thread starts with the first one.
pub(crate) struct Bridge {
    process: u32,
    state: Mutex<State>,
    in_flight: Arc<InFlight>,
}

enum State {
    Idle,
    /// Dropping the sender ends the thread.
    Running(
        Handle,
        #[expect(dead_code, reason = "held for its drop")] oneshot::Sender<()>,
    ),
    Closed,
}

/// The requests that were handed over and have not ended.
#[derive(Default)]
struct InFlight {
    count: Mutex<usize>,
    ended: Condvar,
}

impl InFlight {
    fn begin(self: &Arc<Self>) -> Flight {
        *lock(&self.count) += 1;
        Flight(Arc::clone(self))
    }

    /// Waits until none is left, or until `bound` has passed.
    fn wait(&self, bound: Duration) {
        let until = Instant::now() + bound;
        let mut count = lock(&self.count);
        while *count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.ended.wait_timeout(count, left);
            count = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// One of them; it ends when dropped, with its task.
struct Flight(Arc<InFlight>);

impl Drop for Flight {
    fn drop(&mut self) {
        *lock(&self.0.count) -= 1;
        self.0.ended.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request under way.
pub(crate) struct Pending<T> {
    answer: Receiver<T>,
    task: AbortHandle,
    deadline: Instant,
}

impl<T> Pending<T> {
    /// Waits for the answer.
    ///
    /// # Errors
    /// `TimedOut` if the thread of the requests does not answer, and `BrokenPipe` if the request
    /// panicked or the thread ended. What the request did is not known then.
    pub(crate) fn wait(self) -> io::Result<T> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.answer.recv_timeout(left) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => {
                self.task.abort();
                Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the thread of the object store's requests does not answer",
                ))
            }
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the thread of the object store's requests gave one up",
            )),
        }
    }
}

impl Bridge {
    pub(crate) fn new() -> Self {
        Self {
            process: std::process::id(),
            state: Mutex::new(State::Idle),
            in_flight: Arc::default(),
        }
    }

    /// Hands a request over that settles within `deadline` by itself.
    ///
    /// # Errors
    /// [`StorageError::Closed`] within the error in a forked child, which has none of the threads;
    /// the system's error if no thread starts. The request was not made then.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        deadline: Duration,
        request: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<Pending<T>> {
        let handle = self.handle()?;
        let (sender, answer) = mpsc::sync_channel(1);
        let flight = self.in_flight.begin();
        let task = handle.spawn(async move {
            let _flight = flight;
            // A caller that gave up does not listen.
            drop(sender.send(request.await));
        });
        Ok(Pending {
            answer,
            task: task.abort_handle(),
            deadline: Instant::now() + deadline + SLACK,
        })
    }

    /// Starts what runs beside all requests until it is aborted.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<AbortHandle> {
        Ok(self.handle()?.spawn(task).abort_handle())
    }

    /// Whether this is the process that made the handle, and not a forked child of it.
    pub(crate) fn is_own_process(&self) -> bool {
        self.process == std::process::id()
    }

    fn handle(&self) -> io::Result<Handle> {
        // Before any lock, which a thread that does not run in a child may have held.
        if !self.is_own_process() {
            return Err(closed());
        }
        let mut state = lock(&self.state);
        match &*state {
            State::Running(handle, _) => return Ok(handle.clone()),
            State::Closed => return Err(closed()),
            State::Idle => {}
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("rotortree-object".into())
            .spawn(move || {
                drop(runtime.block_on(stopped));
                // Threads that are still in the system's name resolver are not waited for.
                runtime.shutdown_background();
            })?;
        *state = State::Running(handle.clone(), stop);
        Ok(handle)
    }

    /// Waits for the requests in flight, at most for `bound`, and ends the thread.
    pub(crate) fn close(&self, bound: Duration) {
        if self.is_own_process() {
            self.in_flight.wait(bound);
            *lock(&self.state) = State::Closed;
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, StorageError::Closed)
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").finish_non_exhaustive()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if !self.is_own_process() {
            // The runtime's drop would wait for threads that are not there.
            std::mem::forget(std::mem::replace(
                self.state.get_mut().unwrap_or_else(PoisonError::into_inner),
                State::Closed,
            ));
        }
    }
}
