//! [`Calls`]: calls of the tree, which may read a disk, on a bounded number of threads.

use std::sync::Arc;

use tokio::{sync::Semaphore, task};

use crate::{
    limits::Limits,
    problem::{Code, Problem},
};

/// Runs calls on threads that may block: as many at once as a limit says, and as many more as
/// another one says wait for a thread. Further ones are refused.
pub(crate) struct Calls {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Calls {
    pub(crate) fn new(limits: &Limits) -> Self {
        let most = limits.calls.saturating_add(limits.waiting_calls);
        Self {
            admitted: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            running: Arc::new(Semaphore::new(limits.calls)),
        }
    }

    /// Runs `call`. If the caller goes away, a call that runs keeps its permit to its end.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(Problem::new(
                Code::Overloaded,
                "too many requests wait for the tree",
            ));
        };
        let stopping = |_| Problem::new(Code::Stopping, "the server stops");
        let running = Arc::clone(&self.running);
        let running = running.acquire_owned().await.map_err(stopping)?;
        let call = task::spawn_blocking(move || {
            let _permits = (admitted, running);
            call()
        });
        match call.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => {
                Err(Problem::new(Code::Internal, "a call of the tree panicked"))
            }
            Err(_) => Err(Problem::new(Code::Stopping, "the server stops")),
        }
    }
}
