//! Wakers that panic, block, call the tree back, close it or drop its last handle.

use std::{
    future::{Future, IntoFuture},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::channel,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use rotortree::{CheckpointPolicy, DurabilityToken, Durable, FlushPolicy, StorageError};

use crate::{
    common::{PATIENCE, leaf},
    gate::Gate,
    methods::{self, Tree, ends, eventually, open, quiet},
};

/// Does something when it is woken.
struct Doing<F: Fn() + Send + Sync + 'static>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Doing<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn waker(wake: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Doing(wake)))
}

fn poll(future: &mut Durable, waker: &Waker) -> Poll<Result<(), StorageError>> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// A future that waits with `waker`, while the gate holds the sync.
fn waiting(token: DurabilityToken, waker: &Waker) -> Durable {
    let mut future = token.into_future();
    assert!(poll(&mut future, waker).is_pending());
    future
}

#[test]
fn a_waker_that_panics_leaves_none_unwoken_and_reaches_no_other_call() {
    let gate = Gate::new();
    let tree = quiet(&gate);
    let woken = Arc::new(AtomicU64::new(0));
    for round in 0..20 {
        gate.hold_syncs(true);
        let _futures: Vec<_> = (0..10)
            .map(|number| {
                let counted = Arc::clone(&woken);
                let waker = waker(move || {
                    assert_ne!(number, 3, "a planned panic: its executor has shut down");
                    counted.fetch_add(1, Ordering::SeqCst);
                });
                waiting(tree.insert(leaf(number)).unwrap().1, &waker)
            })
            .collect();
        gate.hold_syncs(false);
        // An innocent call, which leads or joins the sync that serves them.
        let innocent = catch_unwind(AssertUnwindSafe(|| tree.insert_durable(leaf(round))));
        innocent
            .expect("another's waker is not its business")
            .unwrap();
        eventually("nine of ten are woken", || {
            woken.load(Ordering::SeqCst) == 9 * (round + 1)
        });
    }
    assert!(tree.failure().is_none());
    tree.close().unwrap();
}

#[test]
fn a_waker_that_blocks_holds_up_neither_the_tree_nor_another_waker() {
    let gate = Gate::new();
    let tree = quiet(&gate);
    let (release, held) = channel::<()>();
    let held = Mutex::new(held);
    let blocking = waker(move || held.lock().unwrap().recv().unwrap_err().to_string().clear());
    gate.hold_syncs(true);
    let _blocked = waiting(tree.insert(leaf(0)).unwrap().1, &blocking);
    gate.hold_syncs(false);
    tree.insert_durable(leaf(1)).unwrap();
    let woken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&woken);
    let counting = waker(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    gate.hold_syncs(true);
    let _other = waiting(tree.insert(leaf(2)).unwrap().1, &counting);
    gate.hold_syncs(false);
    eventually("the other is woken", || woken.load(Ordering::SeqCst) == 1);
    ends("closing beside a waker that blocks", move || {
        tree.close().unwrap();
    });
    drop(release);
}

/// Runs `wake` in a waker that a sync wakes which succeeds, or fails.
fn in_a_waker(fails: bool, what: &str, wake: impl Fn(&Tree) + Send + Sync + 'static) {
    let gate = Gate::new();
    let tree = quiet(&gate);
    let (done, told) = channel();
    let done = Mutex::new(done);
    let inner = tree.clone();
    let waker = waker(move || {
        wake(&inner);
        done.lock().unwrap().send(()).unwrap();
    });
    gate.hold_syncs(true);
    let future = waiting(tree.insert(leaf(0)).unwrap().1, &waker);
    if fails {
        gate.fail_syncs();
    }
    gate.hold_syncs(false);
    let outcome = told.recv_timeout(PATIENCE);
    assert!(
        outcome.is_ok(),
        "{what} in a waker hangs (sync fails: {fails})"
    );
    drop((waker, future));
    ends(what, move || drop(tree.close()));
}

#[test]
fn a_waker_may_call_every_method() {
    for fails in [false, true] {
        for (name, call) in methods::all() {
            in_a_waker(fails, name, call);
        }
    }
}

#[test]
fn a_waker_that_drops_the_last_handle_closes_the_tree() {
    for fails in [false, true] {
        let gate = Gate::new();
        let tree = quiet(&gate);
        let (_, token) = tree.insert(leaf(0)).unwrap();
        let last = Arc::new(Mutex::new(Some(tree)));
        let handle = Arc::clone(&last);
        let waker = waker(move || drop(handle.lock().unwrap().take()));
        gate.hold_syncs(true);
        let mut future = waiting(token.clone(), &waker);
        if fails {
            gate.fail_syncs();
        }
        gate.hold_syncs(false);
        eventually("the tree is dropped", || last.lock().unwrap().is_none());
        // The place is given up, whatever thread the waker ran on.
        eventually("the place is free", || gate.storage_is_free());
        assert_eq!(token.wait().is_err(), fails);
        assert!(
            matches!(poll(&mut future, &waker), Poll::Ready(outcome) if outcome.is_err() == fails)
        );
        let again = quiet(&gate);
        assert_eq!(again.size(), u64::from(!fails));
    }
}

#[test]
fn a_sync_wakes_only_those_that_it_serves() {
    let gate = Gate::new();
    let tree = quiet(&gate);
    let counts: Vec<_> = (0..100).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let counting = |number: usize| {
        let count = Arc::clone(&counts[number]);
        waker(move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
    };
    gate.hold_syncs(true);
    let held = gate.held();
    let mut futures = vec![waiting(tree.insert(leaf(0)).unwrap().1, &counting(0))];
    // The first sync has taken the pending records; the others come too late for it.
    eventually("the sync is under way", || gate.held() > held);
    for number in 1..100 {
        let (_, token) = tree.insert(leaf(number as u64)).unwrap();
        futures.push(waiting(token, &counting(number)));
    }
    let held = gate.held();
    gate.pass_one_sync();
    eventually("the first is served", || {
        counts[0].load(Ordering::SeqCst) == 1
    });
    eventually("the next sync is under way", || gate.held() > held);
    // Time for what must not come; the test is no stricter where it comes later.
    thread::sleep(Duration::from_millis(50));
    let early: u64 = counts[1..]
        .iter()
        .map(|count| count.load(Ordering::SeqCst))
        .sum();
    gate.hold_syncs(false);
    assert_eq!(early, 0, "woken by a sync that does not serve them");
    eventually("all are served", || {
        counts.iter().all(|count| count.load(Ordering::SeqCst) > 0)
    });
    for (number, count) in counts.iter().enumerate() {
        let count = count.load(Ordering::SeqCst);
        assert_eq!(count, 1, "number {number} is woken once, when it is served");
    }
}

#[test]
fn a_future_keeps_one_waker_however_often_it_is_polled_and_none_when_it_is_dropped() {
    let gate = Gate::new();
    let tree = quiet(&gate);
    gate.hold_syncs(true);
    let (_, token) = tree.insert(leaf(0)).unwrap();
    let shared = Arc::new(Doing(|| {}));
    let mut future = token.clone().into_future();
    for _ in 0..10_000 {
        assert!(poll(&mut future, &Waker::from(Arc::clone(&shared))).is_pending());
    }
    let polled = Arc::strong_count(&shared);
    let others: Vec<_> = (0..100)
        .map(|_| waiting(token.clone(), &Waker::from(Arc::clone(&shared))))
        .collect();
    let several = Arc::strong_count(&shared);
    drop((future, others));
    let dropped = Arc::strong_count(&shared);
    gate.hold_syncs(false);
    // Ours, and those that are registered.
    assert_eq!((polled, several, dropped), (2, 102, 1));
    tree.close().unwrap();
}

#[test]
fn eighty_thousand_futures_are_served() {
    let gate = Gate::new();
    let tree = open(&gate, FlushPolicy::Manual, CheckpointPolicy::Manual);
    let woken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&woken);
    let waker = waker(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    gate.hold_syncs(true);
    let (_, token) = tree.insert(leaf(0)).unwrap();
    let mut futures: Vec<_> = (0..80_000)
        .map(|_| waiting(token.clone(), &waker))
        .collect();
    gate.hold_syncs(false);
    eventually("all are woken", || woken.load(Ordering::SeqCst) == 80_000);
    assert!(
        futures
            .iter_mut()
            .all(|future| matches!(poll(future, &waker), Poll::Ready(Ok(()))))
    );
}
