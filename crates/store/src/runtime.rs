//! [`Runtime`]: the background threads that trees share.
//!
//! Two lanes, so that a long checkpoint never delays a flush, and a timer. Threads start when there is work and end
//! when there has been none for a while: an idle tree costs no thread and no timer. In a forked child, which has none of its parent's threads,
//! they start anew, if threads start there at all (`docs/durability.md`).

use std::{
    collections::BinaryHeap,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use crate::{fork::PerProcess, lock::lock};

type Job = Box<dyn FnOnce() + Send>;

/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(5);

/// Which lane a job takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Short jobs that somebody waits for.
    Flush,
    /// Long jobs.
    Checkpoint,
}

/// Background threads, shared by any number of trees. Cloning shares them.
///
/// A forked child starts its own for the trees that it opens. If its parent was starting or ending a thread when it forked, no thread
/// runs there, ever: that is a lock of the standard library, and what the background does is then not done.
///
/// ```
/// let runtime = rotortree_store::Runtime::new();
/// let same = runtime.clone();
/// # drop(same);
/// ```
#[derive(Clone)]
pub struct Runtime(Arc<PerProcess<Inner>>);

struct Inner {
    flush: Workers,
    checkpoint: Workers,
    timer: Timer,
}

impl Inner {
    fn new() -> Self {
        Self {
            flush: Workers::new("rotortree-flush", 2),
            checkpoint: Workers::new("rotortree-checkpoint", 2),
            timer: Timer::new(),
        }
    }

    fn run(&self, lane: Lane, job: Job) -> io::Result<()> {
        match lane {
            Lane::Flush => self.flush.run(job),
            Lane::Checkpoint => self.checkpoint.run(job),
        }
    }
}

impl Runtime {
    /// A runtime of its own: at most two flushing threads, two checkpointing threads and a timer, all started on demand.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(PerProcess::new()))
    }

    /// The runtime that trees use unless told otherwise: one for the process.
    #[must_use]
    pub fn shared() -> Self {
        static SHARED: OnceLock<Runtime> = OnceLock::new();
        SHARED.get_or_init(Self::new).clone()
    }

    /// Runs a job as soon as a thread of the lane is free. On an error it never runs.
    pub(crate) fn run(&self, lane: Lane, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.0.get(Inner::new).run(lane, Box::new(job))
    }

    /// Runs a job on a lane at or soon after `due`. On an error it never runs.
    pub(crate) fn run_at(
        &self,
        due: Instant,
        lane: Lane,
        job: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let runtime = self.clone();
        self.0.get(Inner::new).timer.add(
            due,
            Box::new(move || {
                // A thread that cannot be started leaves the job undone; whoever waits leads the work itself.
                drop(runtime.run(lane, job));
            }),
        )
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::shared()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

/// Starts a thread, if the system has one.
fn start(name: &str, serve: impl FnOnce() + Send + 'static) -> io::Result<()> {
    #[cfg(test)]
    if starved::is_starved() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let thread = thread::Builder::new().name(name.into());
    thread.spawn(serve).map(drop)
}

/// A system that has no thread for those who ask, for tests.
#[cfg(test)]
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

/// A queue and the threads that serve it.
struct Workers {
    shared: Arc<WorkersShared>,
}

struct WorkersShared {
    name: &'static str,
    most: usize,
    queue: (Sender<Job>, Receiver<Job>),
    count: Mutex<Count>,
}

#[derive(Default)]
struct Count {
    threads: usize,
    busy: usize,
}

impl Workers {
    fn new(name: &'static str, most: usize) -> Self {
        Self {
            shared: Arc::new(WorkersShared {
                name,
                most,
                queue: unbounded(),
                count: Mutex::default(),
            }),
        }
    }

    fn run(&self, job: Job) -> io::Result<()> {
        let mut count = lock(&self.shared.count);
        // The queue lives as long as the shared state that holds both of its ends.
        drop(self.shared.queue.0.send(job));
        let waiting = self.shared.queue.0.len();
        if count.threads - count.busy < waiting && count.threads < self.shared.most {
            let shared = Arc::clone(&self.shared);
            match start(self.shared.name, move || shared.serve()) {
                Ok(_) => count.threads += 1,
                Err(error) if count.threads == 0 => {
                    // Nobody else takes from the queue, and no job that was refused is left in it: this is the one. The caller does
                    // without, and the next one's thread must not do it once more.
                    drop(self.shared.queue.1.try_recv());
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl WorkersShared {
    fn serve(&self) {
        loop {
            match self.queue.1.recv_timeout(IDLE) {
                Ok(job) => {
                    lock(&self.count).busy += 1;
                    // A job marks its tree failed when it panics; the thread has others to serve.
                    drop(catch_unwind(AssertUnwindSafe(job)));
                    lock(&self.count).busy -= 1;
                }
                Err(RecvTimeoutError::Timeout) => {
                    let mut count = lock(&self.count);
                    // Jobs are queued under the same lock: an empty queue here stays empty until the count is lowered.
                    if self.queue.1.is_empty() {
                        count.threads -= 1;
                        return;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// Jobs to be started later, and the one thread that waits for them.
struct Timer {
    shared: Arc<TimerShared>,
}

struct TimerShared {
    queue: (Sender<Timed>, Receiver<Timed>),
    running: Mutex<bool>,
}

struct Timed {
    due: Instant,
    job: Job,
}

impl Timer {
    fn new() -> Self {
        Self {
            shared: Arc::new(TimerShared {
                queue: unbounded(),
                running: Mutex::new(false),
            }),
        }
    }

    fn add(&self, due: Instant, job: Job) -> io::Result<()> {
        let mut running = lock(&self.shared.running);
        drop(self.shared.queue.0.send(Timed { due, job }));
        if !*running {
            let shared = Arc::clone(&self.shared);
            if let Err(error) = start("rotortree-timer", move || shared.serve()) {
                // As for the workers.
                drop(self.shared.queue.1.try_recv());
                return Err(error);
            }
            *running = true;
        }
        Ok(())
    }
}

impl TimerShared {
    fn serve(&self) {
        let mut waiting = BinaryHeap::new();
        loop {
            let until = waiting
                .peek()
                .map_or_else(|| Instant::now() + IDLE, |next: &Timed| next.due);
            match self.queue.1.recv_deadline(until) {
                Ok(timed) => waiting.push(timed),
                Err(_) => {
                    let now = Instant::now();
                    while waiting.peek().is_some_and(|next| next.due <= now) {
                        if let Some(timed) = waiting.pop() {
                            drop(catch_unwind(AssertUnwindSafe(timed.job)));
                        }
                    }
                    let mut running = lock(&self.running);
                    if waiting.is_empty() && self.queue.1.is_empty() && now >= until {
                        *running = false;
                        return;
                    }
                }
            }
        }
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    /// The earliest is the greatest: a binary heap gives the greatest first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.due.cmp(&self.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn jobs_run_in_time_order_and_a_panic_stops_nobody() {
        let runtime = Runtime::new();
        let (done, results) = channel();
        let now = Instant::now();
        // The last one was asked for first. The others are due so close together that either of two threads may be first.
        for delay in [3000u64, 10, 20] {
            let done = done.clone();
            let due = now + Duration::from_millis(delay);
            runtime
                .run_at(due, Lane::Flush, move || {
                    done.send((delay, Instant::now())).unwrap();
                })
                .unwrap();
        }
        runtime
            .run(Lane::Flush, || panic!("a job that panics"))
            .unwrap();
        for number in 0..3 {
            let (delay, at) = results.recv_timeout(Duration::from_secs(20)).unwrap();
            assert_eq!(
                delay == 3000,
                number == 2,
                "{delay} ms came as number {number}"
            );
            assert!(at >= now + Duration::from_millis(delay));
        }
    }

    #[test]
    fn a_job_that_was_refused_for_want_of_a_thread_does_not_run_later() {
        let runtime = Runtime::new();
        let (done, results) = channel();
        starved::while_starved(|| {
            for refused in [1, 2] {
                let told = done.clone();
                let job = move || told.send(refused).unwrap();
                assert!(runtime.run(Lane::Flush, job.clone()).is_err());
                assert!(runtime.run_at(Instant::now(), Lane::Flush, job).is_err());
            }
        });
        let told = done.clone();
        runtime
            .run_at(Instant::now(), Lane::Flush, move || told.send(3).unwrap())
            .unwrap();
        let wait = Duration::from_secs(20);
        assert_eq!(results.recv_timeout(wait), Ok(3));
        runtime
            .run(Lane::Flush, move || done.send(4).unwrap())
            .unwrap();
        assert_eq!(results.recv_timeout(wait), Ok(4));
    }

    #[test]
    fn a_checkpoint_that_takes_long_does_not_hold_up_a_flush() {
        let runtime = Runtime::new();
        let (release, held) = channel::<()>();
        let (done, results) = channel();
        let held = Mutex::new(held);
        runtime
            .run(Lane::Checkpoint, move || {
                held.lock()
                    .unwrap()
                    .recv_timeout(Duration::from_secs(20))
                    .unwrap();
            })
            .unwrap();
        runtime
            .run(Lane::Flush, move || done.send(()).unwrap())
            .unwrap();
        results.recv_timeout(Duration::from_secs(20)).unwrap();
        release.send(()).unwrap();
    }
}
