//! A writer stalls at every request, another one takes over, and the first one wakes at every
//! request of the second.

use std::{
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use rotortree_store::{RotorTreeError, test_util::watchdog::limit_this_process};

use crate::{
    bucket::Bucket,
    faulty::{Fate, FaultyStore, Meanwhile},
    history::{case, look, requests_of_sessions, storage, work},
    observed::Observed,
};

/// A writer on a thread of its own, until it stalls.
struct Stalled {
    client: FaultyStore,
    thread: Mutex<Option<JoinHandle<Result<(), RotorTreeError>>>>,
}

impl Stalled {
    fn start(bucket: &Bucket, observed: &Arc<Observed>, at: u64, fate: &Fate) -> Self {
        let fate = fate.clone();
        let plan = move |number, _| match number {
            number if number == at => fate.clone(),
            _ => Fate::Answered,
        };
        let client = FaultyStore::planned(bucket, "stalled", plan);
        let (worker, told) = (client.clone(), observed.clone());
        let thread = thread::spawn(move || work(&worker, 1, &told));
        while !client.is_stalled() && !thread.is_finished() {
            thread::sleep(Duration::from_micros(50));
        }
        Self {
            client,
            thread: Mutex::new(Some(thread)),
        }
    }

    /// Wakes it and waits for its end, the first time.
    fn finish(&self) -> Option<Result<(), RotorTreeError>> {
        let thread = self.thread.lock().unwrap().take()?;
        self.client.wake();
        Some(thread.join().unwrap())
    }
}

/// The place is new, or has a store of an earlier writer.
fn wakes(fate: &Fate, is_new: bool) {
    limit_this_process();
    let (first, second) = requests_of_sessions();
    let first = if is_new { first } else { second };
    for at in (0..first).rev() {
        for wakes in (0..=second).step_by(every()).chain([u64::MAX]) {
            case(
                || format!("stalled ({fate:?}) at {at}, woken at {wakes}"),
                |bucket, observed| {
                    if !is_new {
                        work(&FaultyStore::new(bucket, "earlier"), 3, observed).unwrap();
                    }
                    let stalled = Arc::new(Stalled::start(bucket, observed, at, fate));
                    let outcome = Arc::new(Mutex::new(None));
                    let happens = {
                        let (stalled, outcome) = (stalled.clone(), outcome.clone());
                        let (bucket, observed) = (bucket.clone(), observed.clone());
                        Meanwhile::new(move || {
                            look(&bucket, &observed);
                            *outcome.lock().unwrap() = stalled.finish();
                            look(&bucket, &observed);
                        })
                    };
                    let plan = move |number, _| match number {
                        number if number == wakes => Fate::Meanwhile(happens.clone()),
                        _ => Fate::Answered,
                    };
                    let next = FaultyStore::planned(bucket, "next", plan);
                    let worked = work(&next, 2, observed);
                    if wakes == u64::MAX {
                        // It stalled for longer than the grace: names that it was about to make
                        // were made, and collected.
                        bucket.pass(1000);
                        let collector = FaultyStore::new(bucket, "collector");
                        storage(&collector).collect_orphans().unwrap();
                    }
                    let late = stalled.finish();
                    let woken = outcome.lock().unwrap().take().or(late).unwrap();
                    assert!(
                        worked.is_ok() || woken.is_ok(),
                        "neither writer did its work: {worked:?}, {woken:?}"
                    );
                },
            );
        }
    }
}

/// Requests of the second writer between two at which the first one wakes.
fn every() -> usize {
    if std::env::var_os("ROTORTREE_ALL_STEPS").is_some() {
        1
    } else {
        3
    }
}

#[test]
fn a_creator_that_stalled_before_a_request_and_wakes_at_any_step_costs_nothing_told() {
    wakes(&Fate::StallsBefore, true);
}

#[test]
fn a_creator_that_stalled_before_an_answer_and_wakes_at_any_step_costs_nothing_told() {
    wakes(&Fate::StallsAfter, true);
}

#[test]
fn a_writer_that_stalled_before_a_request_and_wakes_at_any_step_costs_nothing_told() {
    wakes(&Fate::StallsBefore, false);
}
