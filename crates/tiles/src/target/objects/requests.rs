//! [`Requests`]: runs the requests of a target on a thread of its own.

use std::{
    error::Error,
    io,
    sync::mpsc::{Receiver, sync_channel},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

use crate::{Operation, TargetError};

/// A runtime with one thread, and how long a request may take.
pub(super) struct Requests {
    /// There until it is dropped.
    runtime: Option<Runtime>,
    deadline: Duration,
}

impl Requests {
    pub(super) fn new(deadline: Duration) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(1).thread_name("rotortree-tiles");
        Ok(Self {
            runtime: Some(builder.enable_all().build()?),
            deadline,
        })
    }

    pub(super) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Starts a request. Its answer tells of its end, and also of the deadline and of a panic.
    pub(super) fn start<T: Send + 'static>(
        &self,
        path: &str,
        operation: Operation,
        request: impl Future<Output = Result<T, object_store::Error>> + Send + 'static,
    ) -> Answer<T> {
        let (sender, receiver) = sync_channel(1);
        let deadline = self.deadline;
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async move {
                let outcome: Outcome<T> = match timeout(deadline, request).await {
                    Ok(outcome) => outcome.map_err(Into::into),
                    Err(_) => Err(format!("it has taken longer than {deadline:?}").into()),
                };
                // The target may be gone.
                drop(sender.send(outcome));
            });
        }
        Answer {
            path: path.to_owned(),
            operation,
            receiver,
        }
    }
}

impl Drop for Requests {
    /// Requests under way end. Waiting for the thread is not possible in asynchronous code.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The end of a request that was started.
pub(super) struct Answer<T> {
    path: String,
    operation: Operation,
    receiver: Receiver<Outcome<T>>,
}

impl<T> Answer<T> {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Blocks until the request has ended.
    pub(super) fn wait(self) -> Result<T, TargetError> {
        let outcome = self.receiver.recv();
        outcome
            .unwrap_or_else(|_| Err("the request ended without an answer".into()))
            .map_err(|error| TargetError::new(self.path, self.operation, error))
    }
}
