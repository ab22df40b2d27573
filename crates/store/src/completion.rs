//! [`Completion`]: the outcome of work on a thread of the runtime.

use std::{
    fmt,
    future::Future,
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::{
    Runtime, StorageError,
    isolated::isolated,
    runtime::{Job, Lane},
    sync::{Mutex, lock},
};

/// Resolves when work that was handed to the [`Runtime`] has ended, with its outcome.
///
/// The work starts with the call that returns this, and goes on if it is dropped. It can be awaited
/// on any executor: polling never blocks. Where the system has no thread for the runtime, the call
/// that returns this does the work itself.
#[must_use = "the outcome of the work is told here alone"]
pub struct Completion<T, E = StorageError> {
    shared: Arc<Shared<T, E>>,
}

struct Shared<T, E> {
    state: Mutex<State<T, E>>,
}

enum State<T, E> {
    Working(Option<Waker>),
    Ended(Result<T, E>),
    /// The outcome was taken.
    Told,
}

/// The side of the work. Dropping it without an outcome, as a panic does, completes with an error.
pub(crate) struct Completer<T, E: From<StorageError>> {
    shared: Arc<Shared<T, E>>,
}

impl<T, E> Completion<T, E> {
    /// Work that has ended already.
    pub(crate) fn ended(outcome: Result<T, E>) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State::Ended(outcome)),
            }),
        }
    }
}

impl<T: Send + 'static, E: From<StorageError> + Send + 'static> Completion<T, E> {
    /// A completion and its other side.
    pub(crate) fn new() -> (Self, Completer<T, E>) {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Working(None)),
        });
        let completer = Completer {
            shared: Arc::clone(&shared),
        };
        (Self { shared }, completer)
    }

    /// Runs `work` on the runtime, or on this thread if the runtime has none.
    pub(crate) fn of(
        runtime: &Runtime,
        lane: Lane,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Self {
        let (completion, completer) = Self::new();
        let job: Job = Box::new(move || completer.complete(work()));
        if let Err(job) = runtime.run(lane, job) {
            isolated(job);
        }
        completion
    }
}

impl<T, E: From<StorageError>> Completer<T, E> {
    /// Completes with the outcome.
    pub(crate) fn complete(self, outcome: Result<T, E>) {
        self.end(outcome);
    }

    /// Whether no future waits for the outcome any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    fn end(&self, outcome: Result<T, E>) {
        let before = {
            let mut state = lock(&self.shared.state);
            match &*state {
                State::Working(_) => mem::replace(&mut *state, State::Ended(outcome)),
                State::Ended(_) | State::Told => return,
            }
        };
        if let State::Working(Some(waker)) = before {
            isolated(|| waker.wake());
        }
    }
}

impl<T, E: From<StorageError>> Drop for Completer<T, E> {
    fn drop(&mut self) {
        let unfinished = "the work in the background ended without an outcome, in a panic";
        self.end(Err(StorageError::Io(io::Error::other(unfinished)).into()));
    }
}

impl<T, E> Future for Completion<T, E> {
    type Output = Result<T, E>;

    /// Once it has told the outcome, it is pending for good.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The waker is cloned before the lock is taken, and the replaced one is dropped after it:
        // both are foreign code.
        let waker = context.waker().clone();
        let (polled, _replaced) = {
            let mut state = lock(&self.shared.state);
            match mem::replace(&mut *state, State::Told) {
                State::Ended(outcome) => (Poll::Ready(outcome), None),
                State::Working(replaced) => {
                    *state = State::Working(Some(waker));
                    (Poll::Pending, replaced)
                }
                State::Told => (Poll::Pending, None),
            }
        };
        polled
    }
}

impl<T, E> Drop for Completion<T, E> {
    /// The work keeps no waker of a future that is gone.
    fn drop(&mut self) {
        let waker = match &mut *lock(&self.shared.state) {
            State::Working(waker) => waker.take(),
            State::Ended(_) | State::Told => None,
        };
        drop(waker);
    }
}

impl<T, E> fmt::Debug for Completion<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_ended = !matches!(&*lock(&self.shared.state), State::Working(_));
        f.debug_struct("Completion")
            .field("has_ended", &has_ended)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll<T, E>(completion: &mut Completion<T, E>, counter: &Arc<Counter>) -> Poll<Result<T, E>> {
        let waker = Waker::from(Arc::clone(counter));
        Pin::new(completion).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn the_outcome_is_told_once_and_wakes_the_newest_waker_alone() {
        let (mut completion, completer) = Completion::<u32>::new();
        let [old, new] = [(); 2].map(|()| Arc::new(Counter::default()));
        assert!(poll(&mut completion, &old).is_pending());
        assert!(poll(&mut completion, &new).is_pending());
        assert_eq!(Arc::strong_count(&old), 1, "its waker is gone");
        completer.complete(Ok(7));
        assert_eq!(
            (old.0.load(Ordering::SeqCst), new.0.load(Ordering::SeqCst)),
            (0, 1)
        );
        assert!(matches!(poll(&mut completion, &new), Poll::Ready(Ok(7))));
        assert!(poll(&mut completion, &new).is_pending());
    }

    #[test]
    fn work_that_panics_is_an_error_and_wakes() {
        let runtime = Runtime::new();
        let counter = Arc::new(Counter::default());
        let (start, started) = mpsc::channel::<()>();
        let mut completion: Completion<()> =
            Completion::of(&runtime, Lane::Checkpoint, move || {
                started.recv().ok();
                panic!("a planned panic")
            });
        assert!(poll(&mut completion, &counter).is_pending());
        start.send(()).unwrap();
        while counter.0.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let outcome = poll(&mut completion, &counter);
        assert!(matches!(outcome, Poll::Ready(Err(StorageError::Io(_)))));
    }

    #[test]
    fn where_no_thread_is_to_be_had_the_call_does_the_work() {
        let runtime = Runtime::new();
        let counter = Arc::new(Counter::default());
        crate::runtime::starved::while_starved(|| {
            let mut done: Completion<u32> = Completion::of(&runtime, Lane::Checkpoint, || Ok(3));
            assert!(matches!(poll(&mut done, &counter), Poll::Ready(Ok(3))));
            let mut panicked: Completion<()> =
                Completion::of(&runtime, Lane::Checkpoint, || panic!("a planned panic"));
            assert!(matches!(poll(&mut panicked, &counter), Poll::Ready(Err(_))));
        });
    }

    #[test]
    fn what_is_dropped_is_known_to_be_abandoned() {
        let (completion, completer) = Completion::<u32>::new();
        assert!(!completer.is_abandoned());
        drop(completion);
        assert!(completer.is_abandoned());
    }
}
