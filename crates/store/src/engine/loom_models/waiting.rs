//! Group commit without failures: no wake-up is lost, and no waiter is woken too early.

use std::{
    future::{Future, IntoFuture},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use loom::thread;

use super::{Bell, Disk, Tree, assert_durable, insert, model, open};
use crate::Durable;

#[test]
fn loom_models_two_threads_that_insert_and_wait() {
    model("two that insert and wait", 5, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let other = thread::spawn({
            let (tree, disk) = (tree.clone(), Arc::clone(&disk));
            move || {
                let token = insert(&tree, 1);
                token.wait().expect("nothing fails");
                assert_durable(&tree, &disk, &token, 1);
            }
        });
        let token = insert(&tree, 2);
        token.wait().expect("nothing fails");
        assert_durable(&tree, &disk, &token, 2);
        other.join().expect("no thread panics");
        assert!((1..=2).contains(&disk.syncs()));
    });
}

#[test]
fn loom_models_two_that_wait_for_what_a_third_inserted() {
    model("two that wait for a third's leaf", 4, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let token = insert(&tree, 1);
        let waiters = [(); 2].map(|()| {
            let (tree, disk, token) = (tree.clone(), Arc::clone(&disk), token.clone());
            thread::spawn(move || {
                token.wait().expect("nothing fails");
                assert_durable(&tree, &disk, &token, 1);
            })
        });
        let later = insert(&tree, 2);
        for waiter in waiters {
            waiter.join().expect("no thread panics");
        }
        later.wait().expect("nothing fails");
        assert_durable(&tree, &disk, &later, 2);
    });
}

#[test]
fn loom_models_what_is_durable_only_grows_and_is_on_disk() {
    model("an observer", 3, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let writers = [1, 2].map(|number| {
            let tree = tree.clone();
            thread::spawn(move || insert(&tree, number).wait().expect("nothing fails"))
        });
        let mut size = 0;
        for _ in 0..3 {
            let durable = tree.durable_snapshot();
            assert!(durable.size() >= size, "what is durable shrinks");
            size = durable.size();
            for index in 0..size {
                let leaf = durable.get_node(0, index).expect("it is in the tree");
                assert!(disk.has(&leaf), "shown as durable before it is");
            }
        }
        for writer in writers {
            writer.join().expect("no thread panics");
        }
        assert_eq!(tree.durable_snapshot().size(), 2);
    });
}

/// Polls as an executor does: again only after a wake-up.
pub(super) fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let bell = Arc::new(Bell::default());
    let waker = bell.waker();
    let mut future = pin!(future.into_future());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => bell.wait(),
        }
    }
}

#[test]
fn loom_models_a_future_beside_another_leader() {
    model("a future", 3, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let other = thread::spawn({
            let tree = tree.clone();
            move || insert(&tree, 1).wait().expect("nothing fails")
        });
        let token = insert(&tree, 2);
        block_on(token.clone()).expect("nothing fails");
        assert_durable(&tree, &disk, &token, 2);
        other.join().expect("no thread panics");
    });
}

/// The waker of the last poll counts, and a dropped future removes no other future's waker.
#[test]
fn loom_models_a_future_that_is_polled_anew_beside_one_that_is_dropped() {
    model("a future polled anew", 2, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let token = insert(&tree, 1);
        let leading = thread::spawn({
            let token = token.clone();
            move || token.wait().expect("nothing fails")
        });
        let (stale, bell) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let polled = |future: &mut Durable, bell: &Arc<Bell>| {
            let waker = bell.waker();
            Pin::new(future).poll(&mut Context::from_waker(&waker))
        };
        let (mut dropped, mut future) = (token.clone().into_future(), token.clone().into_future());
        drop((polled(&mut dropped, &stale), polled(&mut future, &stale)));
        drop(dropped);
        if polled(&mut future, &bell).is_pending() {
            bell.wait();
        }
        assert!(matches!(polled(&mut future, &bell), Poll::Ready(Ok(()))));
        assert_durable(&tree, &disk, &token, 1);
        leading.join().expect("no thread panics");
    });
}

#[test]
fn loom_models_a_future_that_outlives_a_tree_being_closed() {
    model("a future of a tree that is closed", 2, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let token = insert(&tree, 1);
        let closing = thread::spawn(move || tree.close().expect("nothing fails"));
        block_on(token.clone()).expect("closing flushes");
        assert!(token.is_durable());
        closing.join().expect("no thread panics");
    });
}

#[test]
fn loom_models_a_follower_of_durable_heads_beside_a_leader_that_closes() {
    model("a follower of durable heads", 3, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let mut heads = tree.durable_heads();
        let other = thread::spawn(move || {
            let token = insert(&tree, 1);
            token.wait().expect("nothing fails");
            tree.close().expect("nothing fails");
            token.head()
        });
        // The stream misses neither the sync nor the end.
        let head = block_on(heads.next());
        assert!(disk.has(&super::leaf(1)), "given before the sync returned");
        assert_eq!(block_on(heads.next()), None);
        assert_eq!(other.join().expect("no thread panics"), head);
    });
}

#[test]
fn loom_models_a_wait_with_a_timeout_that_the_background_ends() {
    model("a wait with a timeout", 3, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let other = thread::spawn({
            let tree = tree.clone();
            move || insert(&tree, 1).wait().expect("nothing fails")
        });
        let token = insert(&tree, 2);
        assert!(token.wait_timeout(Duration::MAX).expect("nothing fails"));
        assert_durable(&tree, &disk, &token, 2);
        other.join().expect("no thread panics");
    });
}

#[test]
fn loom_models_closing_while_others_insert_and_wait() {
    model("closing", 3, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let token = insert(&tree, 1);
        let waiting = thread::spawn({
            let disk = Arc::clone(&disk);
            move || {
                token.wait().expect("closing flushes, and so does waiting");
                assert!(disk.has(&super::leaf(1)));
            }
        });
        let inserting = thread::spawn({
            let (tree, disk) = (tree.clone(), Arc::clone(&disk));
            move || {
                // The insert is in time or refused, never accepted and lost.
                if let Ok((_, token)) = tree.insert(super::leaf(2)) {
                    token.wait().expect("closing flushes what was accepted");
                    assert!(disk.has(&super::leaf(2)));
                }
            }
        });
        tree.clone().close().expect("nothing fails");
        let closed_at = tree.durable_snapshot().size();
        assert_eq!(closed_at, tree.size());
        waiting.join().expect("no thread panics");
        inserting.join().expect("no thread panics");
        assert_eq!(tree.size(), closed_at, "inserted into a closed tree");
        reopened(&disk, closed_at);
    });
}

#[test]
fn loom_models_two_that_close() {
    model("two that close", 6, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        insert(&tree, 1);
        let other = thread::spawn({
            let tree = tree.clone();
            move || tree.close().expect("nothing fails")
        });
        tree.close().expect("nothing fails");
        reopened(&disk, 1);
        other.join().expect("no thread panics");
    });
}

fn reopened(disk: &Arc<Disk>, size: u64) {
    let (again, _): (Tree, _) = open(disk);
    assert!(again.recovery_report().was_closed);
    assert_eq!(again.size(), size);
}

#[test]
fn loom_models_a_wait_for_a_size() {
    model("a wait for a size", 5, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let other = thread::spawn({
            let tree = tree.clone();
            move || {
                insert(&tree, 1);
                insert(&tree, 2);
            }
        });
        assert!(tree.wait_for_size(2, Duration::MAX));
        other.join().expect("no thread panics");
    });
}
