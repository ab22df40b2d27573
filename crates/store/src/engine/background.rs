//! Background jobs of a tree: syncs for waiters that cannot lead, and ticks.
//!
//! Each job holds only the small [`GroupCommit`], and a flag marks it as requested. A job that is
//! dropped before it runs, or that panics, clears its flag. If the runtime has no thread for a job,
//! the requesting thread does the work.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::group_commit::{GroupCommit, Request, Tick, Worker};
use crate::{
    runtime::{Job, Lane},
    sync::AtomicBool,
};

impl GroupCommit {
    /// A job for the background. It does nothing once the tree is closed.
    fn job(self: &Arc<Self>, work: fn(&dyn Worker)) -> Job {
        let group = Arc::clone(self);
        Box::new(move || {
            if let Some(worker) = group.worker() {
                work(&*worker);
            }
        })
    }

    /// Runs `work` on a thread of the checkpoint lane. Returns whether the lane has a thread for
    /// it.
    #[must_use]
    pub(super) fn run(self: &Arc<Self>, work: fn(&dyn Worker)) -> bool {
        let served = self.runtime.run(Lane::Checkpoint, self.job(work)).is_ok();
        self.unserved.add(u64::from(!served));
        served
    }

    /// Runs `work` in the background at or soon after `at`, if the timer has a thread.
    pub(super) fn run_at(self: &Arc<Self>, at: Instant, work: fn(&dyn Worker)) {
        drop(self.runtime.run_at(at, Lane::Checkpoint, self.job(work)));
    }

    /// Asks the background to sync the pending records. This thread syncs if the background has no
    /// thread.
    pub(super) fn ask_flusher(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            match state.request {
                Request::Queued | Request::Again => return,
                Request::Serving => {
                    state.request = Request::Again;
                    return;
                }
                Request::None => state.request = Request::Queued,
            }
        }
        let request = FlushRequest(Some(Arc::clone(self)));
        let job: Job = Box::new(move || request.serve());
        if let Err(job) = self.runtime.run(Lane::Flush, job) {
            job();
        }
    }

    fn due(&self, tick: Tick) -> &AtomicBool {
        match tick {
            Tick::Flush => &self.flush_is_due,
            Tick::Mark => &self.mark_is_due,
        }
    }

    pub(super) fn is_due(&self, tick: Tick) -> bool {
        self.due(tick).load(Ordering::Acquire)
    }

    /// Schedules a tick after `delay`, unless one is due already. A time that no clock reaches
    /// never comes. Returns `false` if the background has no thread for the tick: the caller then
    /// does its work.
    #[must_use]
    pub(super) fn schedule(self: &Arc<Self>, tick: Tick, delay: Duration) -> bool {
        if self.due(tick).swap(true, Ordering::AcqRel) {
            return true;
        }
        let Some(due) = Instant::now().checked_add(delay) else {
            return true;
        };
        let job = TickJob {
            group: Arc::clone(self),
            tick,
            has_run: false,
        };
        // The job came back: dropping it clears the flag.
        let job = Box::new(move || job.run());
        let served = self.runtime.run_at(due, Lane::Flush, job).is_ok();
        self.unserved.add(u64::from(!served));
        served
    }
}

/// The background job for waiters that cannot lead. After a panic the next waiter asks
/// for a new one.
struct FlushRequest(Option<Arc<GroupCommit>>);

impl FlushRequest {
    fn serve(mut self) {
        let Some(group) = self.0.clone() else { return };
        loop {
            group.state.lock().request = Request::Serving;
            if let Some(worker) = group.worker() {
                // The status carries the outcome to the waiters.
                drop(worker.flush_all());
            }
            let mut state = group.state.lock();
            if state.request != Request::Again {
                state.request = Request::None;
                self.0 = None;
                return;
            }
        }
    }
}

impl Drop for FlushRequest {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            group.state.lock().request = Request::None;
        }
    }
}

/// A tick. Dropping one that has not run clears its flag, and the next insert or sync schedules
/// another.
struct TickJob {
    group: Arc<GroupCommit>,
    tick: Tick,
    has_run: bool,
}

impl TickJob {
    fn run(mut self) {
        self.has_run = true;
        // The flag falls before the work: records that arrive from here on schedule their own tick.
        self.group.due(self.tick).store(false, Ordering::Release);
        if let Some(worker) = self.group.worker() {
            worker.tick(self.tick);
        }
    }
}

impl Drop for TickJob {
    fn drop(&mut self) {
        if !self.has_run {
            self.group.due(self.tick).store(false, Ordering::Release);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
