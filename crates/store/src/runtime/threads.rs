//! Common parts of lanes and timer: jobs, and the start of a thread.

#[cfg(not(loom))]
use std::time::Duration;
use std::{
    io,
    thread::{self, JoinHandle},
};

/// Work for the background. It is run, kept or given back, never dropped.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The time for which a thread without work stays.
#[cfg(not(loom))]
pub(super) const IDLE: Duration = Duration::from_secs(5);

/// Starts a thread, if the system has one.
pub(crate) fn start(
    name: &str,
    serve: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    #[cfg(all(test, not(loom)))]
    if starved::is_starved() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let thread = thread::Builder::new().name(name.into());
    thread.spawn(serve)
}

/// A system that has no thread for the calling thread, for tests.
#[cfg(all(test, not(loom)))]
pub(crate) mod starved {
    use std::cell::Cell;

    thread_local! {
        static STARVED: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn is_starved() -> bool {
        STARVED.get()
    }

    /// Runs something on this thread while it cannot start others for a runtime.
    pub(crate) fn while_starved<R>(run: impl FnOnce() -> R) -> R {
        STARVED.set(true);
        let result = run();
        STARVED.set(false);
        result
    }
}
