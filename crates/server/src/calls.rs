//! [`Calls`]: calls of the tree, which may read a disk, on a bounded number of threads.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
};

use crate::{
    limits::Limits,
    problem::{Code, Problem},
};

/// Runs calls on threads that may block: as many at once as a limit says, and as many more as
/// another one says wait for a thread. Further ones are refused.
pub(crate) struct Calls {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// Whether a brief call waits for pages of this machine alone, and runs in place.
    is_local: bool,
}

type Permits = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Calls {
    pub(crate) fn new(limits: &Limits, is_local: bool) -> Self {
        let most = limits.calls.saturating_add(limits.waiting_calls);
        Self {
            admitted: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            running: Arc::new(Semaphore::new(limits.calls)),
            is_local,
        }
    }

    /// Runs a call that reads a few nodes. Over local nodes it runs in place: handing it to another
    /// thread and back takes longer than the call.
    pub(crate) async fn run_briefly<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        if !self.is_local {
            return self.run(call).await;
        }
        let _permits = self.admit().await?;
        panic::catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Problem::panicked()))
    }

    /// Runs `call`. If the caller goes away, a call that runs keeps its permit to its end.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permits = self.admit().await?;
        let call = task::spawn_blocking(move || {
            let _permits = permits;
            call()
        });
        match call.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => Err(Problem::panicked()),
            Err(_) => Err(stopping()),
        }
    }

    /// Waits for a turn, unless too many do.
    async fn admit(&self) -> Result<Permits, Problem> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(Problem::new(
                Code::Overloaded,
                "too many requests wait for the tree",
            ));
        };
        let running = Arc::clone(&self.running).acquire_owned();
        let running = running.await.map_err(|_| stopping())?;
        Ok((admitted, running))
    }
}

fn stopping() -> Problem {
    Problem::new(Code::Stopping, "the server stops")
}
