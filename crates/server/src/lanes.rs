//! [`Lanes`]: the threads on which connections are served.

use std::{future::Future, io, sync::Arc, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinSet,
};

/// Threads with a runtime each. A connection stays on the thread on which it begins. A task that
/// moves has its memory taken on one thread and freed on another, where both wait for the
/// allocator, and each move wakes a thread.
pub(crate) struct Lanes(Vec<Lane>);

/// A thread, which ends when this is dropped.
struct Lane {
    runtime: Handle,
    /// Shared by the connections of the thread.
    connections: Arc<()>,
    _open: oneshot::Sender<()>,
}

impl Lanes {
    /// One for each processor: at least two, since a call of the tree that waits for a page keeps
    /// the connections of one thread waiting, and at most eight, which leave descriptors to others.
    pub(crate) fn start() -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::of(processors.clamp(2, 8))
    }

    fn of(count: usize) -> io::Result<Self> {
        (0..count)
            .map(|_| Lane::start())
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Serves a connection on the thread that has the fewest.
    pub(crate) fn spawn(
        &self,
        tasks: &mut JoinSet<()>,
        connection: impl Future<Output = ()> + Send + 'static,
    ) {
        let fewest = self
            .0
            .iter()
            .min_by_key(|lane| Arc::strong_count(&lane.connections));
        if let Some(lane) = fewest {
            let counted = Arc::clone(&lane.connections);
            let connection = async move {
                connection.await;
                drop(counted);
            };
            tasks.spawn_on(connection, &lane.runtime);
        }
    }
}

impl Lane {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (open, closed) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("rotortree-serve".to_owned())
            .spawn(move || {
                // The sender is never used: an error says that it is gone.
                drop(runtime.block_on(closed));
                // Calls that run on are not waited for.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            runtime: handle,
            connections: Arc::new(()),
            _open: open,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread::ThreadId};

    use tokio::{sync::watch, task};

    use super::*;

    /// Starts a connection that ends with the sender, and returns the thread that serves it.
    fn connect(lanes: &Lanes, tasks: &mut JoinSet<()>) -> (watch::Sender<()>, ThreadId) {
        let (open, mut closed) = watch::channel(());
        let (begun, thread) = mpsc::channel();
        lanes.spawn(tasks, async move {
            let here = thread::current().id();
            task::yield_now().await;
            begun.send(here).unwrap();
            while closed.changed().await.is_ok() {}
            assert_eq!(thread::current().id(), here, "it moved");
        });
        (open, thread.recv().unwrap())
    }

    #[test]
    fn a_connection_stays_on_the_thread_that_had_the_fewest() {
        let lanes = Lanes::of(2).unwrap();
        let mut tasks = JoinSet::new();
        let others: Vec<_> = (0..6).map(|_| connect(&lanes, &mut tasks)).collect();
        let first = others[0].1;
        let (here, there): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|(_, thread)| *thread == first);
        assert_eq!((here.len(), there.len()), (3, 3));
        drop(here);
        let caller = Builder::new_current_thread().build().unwrap();
        caller.block_on(async {
            for _ in 0..3 {
                tasks.join_next().await.unwrap().unwrap();
            }
        });
        let next = [(); 3].map(|()| connect(&lanes, &mut tasks));
        assert!(next.iter().all(|(_, thread)| *thread == first));
        drop((next, there));
        caller.block_on(async {
            while let Some(ended) = tasks.join_next().await {
                ended.unwrap();
            }
        });
    }

    #[test]
    fn what_runs_ends_with_the_threads() {
        let lanes = Lanes::of(1).unwrap();
        let mut tasks = JoinSet::new();
        let (held, gone) = mpsc::channel::<()>();
        lanes.spawn(&mut tasks, async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        tasks.detach_all();
        drop(lanes);
        // The sender goes with the task, and the task with the runtime.
        assert!(gone.recv().is_err());
    }
}
