//! Helpers of these tests.

use std::{
    path::Path,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use rotortree::{Blake3Hasher, RotorTreeConfig};
use rotortree_store::test_util::watchdog::limit_this_process;

pub(crate) use crate::common::{PATIENCE, Tree, leaf, leaves, storage_error};

/// A tree that does nothing by itself, in a test program that does not run forever.
pub(crate) fn quiet(path: &Path) -> RotorTreeConfig {
    limit_this_process();
    crate::common::quiet(path)
}

pub(crate) fn open<const N: usize>(path: &Path) -> Tree<N> {
    Tree::open(Blake3Hasher, quiet(path)).unwrap()
}

/// Polls until `reached`, and fails after a long time.
pub(crate) fn eventually(what: &str, mut reached: impl FnMut() -> bool) {
    let started = Instant::now();
    while !reached() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The simplest executor: polls when woken, and fails if that never comes.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let started = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        assert!(started.elapsed() < PATIENCE, "nothing woke the future");
        thread::park_timeout(PATIENCE);
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
