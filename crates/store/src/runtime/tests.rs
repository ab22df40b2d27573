//! Jobs, threads and the timer, whatever threads there are.

use std::{
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Inner, Lane, MOST_CHECKPOINTING, Runtime, lanes::MOST_FLUSHING, starved};

/// The longest wait of a test for an expected event.
const PATIENCE: Duration = Duration::from_secs(60);

/// Occupies a thread of the lane until the sender is dropped.
fn stall(runtime: &Runtime, lane: Lane) -> Sender<()> {
    let (release, held) = channel::<()>();
    let (begin, begun) = channel();
    let job = Box::new(move || {
        begin.send(()).unwrap();
        held.recv().unwrap_err();
    });
    assert!(runtime.run(lane, job).is_ok());
    begun.recv_timeout(PATIENCE).unwrap();
    release
}

/// Queues a job that tells that it has run.
fn told(runtime: &Runtime, lane: Lane) -> Receiver<()> {
    let (done, told) = channel();
    let job = Box::new(move || done.send(()).unwrap());
    assert!(runtime.run(lane, job).is_ok());
    told
}

#[test]
fn jobs_run_in_time_order_and_a_panic_stops_nothing() {
    let runtime = Runtime::new();
    let (done, results) = channel();
    let now = Instant::now();
    // The last one was asked for first. The others are due so close together that either of two
    // threads may be first.
    for delay in [3000u64, 10, 20] {
        let done = done.clone();
        let due = now + Duration::from_millis(delay);
        let job = Box::new(move || done.send((delay, Instant::now())).unwrap());
        assert!(runtime.run_at(due, Lane::Flush, job).is_ok());
    }
    let panics = Box::new(|| panic!("a job that panics"));
    assert!(runtime.run(Lane::Flush, panics).is_ok());
    for number in 0..3 {
        let (delay, at) = results.recv_timeout(PATIENCE).unwrap();
        assert_eq!(
            delay == 3000,
            number == 2,
            "{delay} ms came as number {number}"
        );
        assert!(at >= now + Duration::from_millis(delay));
    }
}

#[test]
fn a_job_for_which_there_is_no_thread_is_given_back() {
    let runtime = Runtime::new();
    let (done, results) = channel();
    starved::while_starved(|| {
        for refused in [1, 2] {
            let (first, second) = (done.clone(), done.clone());
            let job = Box::new(move || first.send(refused).unwrap());
            assert!(runtime.run(Lane::Flush, job).is_err());
            let job = Box::new(move || second.send(refused).unwrap());
            assert!(runtime.run_at(Instant::now(), Lane::Flush, job).is_err());
        }
    });
    let later = done.clone();
    let job = Box::new(move || later.send(3).unwrap());
    assert!(runtime.run_at(Instant::now(), Lane::Flush, job).is_ok());
    assert_eq!(results.recv_timeout(PATIENCE), Ok(3));
    let job = Box::new(move || done.send(4).unwrap());
    assert!(runtime.run(Lane::Flush, job).is_ok());
    assert_eq!(results.recv_timeout(PATIENCE), Ok(4));
}

#[test]
fn any_number_of_jobs_that_stall_up_to_the_bound_hold_up_no_other() {
    for (lane, most) in [
        (Lane::Flush, MOST_FLUSHING),
        (Lane::Checkpoint, MOST_CHECKPOINTING),
    ] {
        let runtime = Runtime::new();
        let mut stalled: Vec<_> = (1..most).map(|_| stall(&runtime, lane)).collect();
        told(&runtime, lane).recv_timeout(PATIENCE).unwrap();
        stalled.push(stall(&runtime, lane));
        // At the bound a job waits for a thread, and gets the first that is free.
        let waiting = told(&runtime, lane);
        let inner = runtime.0.get(Inner::new);
        let workers = match lane {
            Lane::Flush => &inner.lanes.flush,
            Lane::Checkpoint => &inner.lanes.checkpoint,
        };
        assert_eq!(workers.threads(), most);
        assert!(waiting.try_recv().is_err());
        stalled.pop();
        waiting.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn a_lane_that_stalls_does_not_hold_up_the_other() {
    for (stalled, other) in [
        (Lane::Checkpoint, Lane::Flush),
        (Lane::Flush, Lane::Checkpoint),
    ] {
        let runtime = Runtime::new();
        let _stalled: Vec<_> = (0..MOST_FLUSHING.min(MOST_CHECKPOINTING))
            .map(|_| stall(&runtime, stalled))
            .collect();
        told(&runtime, other).recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn the_timers_thread_is_not_made_anew_for_each_tick() {
    let runtime = Runtime::new();
    let (done, ticks) = channel();
    for tick in 0..50 {
        let done = done.clone();
        let due = Instant::now() + Duration::from_micros(200);
        let job = Box::new(move || done.send(tick).unwrap());
        assert!(runtime.run_at(due, Lane::Flush, job).is_ok());
        // Nothing waits by the time that the next one is asked for.
        assert_eq!(ticks.recv_timeout(PATIENCE), Ok(tick));
    }
    assert_eq!(runtime.0.get(Inner::new).timer.started(), 1);
}

#[test]
fn what_is_due_runs_on_the_timers_thread_where_there_is_no_other() {
    let runtime = Runtime::new();
    let inner = runtime.0.get(Inner::new);
    inner.lanes.flush.starved.store(true, Ordering::Relaxed);
    let (done, results) = channel();
    let job = Box::new(move || {
        done.send(thread::current().name().map(String::from))
            .unwrap()
    });
    assert!(runtime.run_at(Instant::now(), Lane::Flush, job).is_ok());
    let name = results.recv_timeout(PATIENCE).unwrap();
    assert_eq!(name.as_deref(), Some("rotortree-timer"));
}

#[test]
fn a_checkpoint_that_is_due_waits_for_a_thread_and_the_timer_goes_on() {
    let runtime = Runtime::new();
    let inner = runtime.0.get(Inner::new);
    let starved = &inner.lanes.checkpoint.starved;
    starved.store(true, Ordering::Relaxed);
    let (done, results) = channel();
    let checkpointed = done.clone();
    let job = Box::new(move || checkpointed.send(Lane::Checkpoint).unwrap());
    let now = Instant::now();
    assert!(runtime.run_at(now, Lane::Checkpoint, job).is_ok());
    let job = Box::new(move || done.send(Lane::Flush).unwrap());
    assert!(runtime.run_at(now, Lane::Flush, job).is_ok());
    assert_eq!(results.recv_timeout(PATIENCE), Ok(Lane::Flush));
    starved.store(false, Ordering::Relaxed);
    assert_eq!(results.recv_timeout(PATIENCE), Ok(Lane::Checkpoint));
}
