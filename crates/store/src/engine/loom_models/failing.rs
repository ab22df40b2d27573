//! A sync that fails or panics: all waiters are notified, and nothing new is durable.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use loom::thread;

use super::{
    Bell, Disk, Tree,
    disk::{Ending, PLANNED_PANIC},
    insert, leaf, model, open,
};
use crate::engine::polling::Polled;
use crate::{DurabilityToken, StorageError};

/// Checks that the outcome of waiting is true and stays true.
fn assert_told_truly(
    disk: &Disk,
    token: &DurabilityToken,
    outcome: Result<(), StorageError>,
    number: u8,
) {
    match outcome {
        Ok(()) => {
            assert!(disk.has(&leaf(number)), "durable, says a failed tree");
            assert!(token.is_durable());
        }
        Err(StorageError::FlushFailed(_)) => {
            assert!(!token.is_durable(), "an error, and durable afterwards");
            assert!(token.wait().is_err());
        }
        Err(error) => panic!("not what happened: {error}"),
    }
}

fn assert_failed_for_good(tree: &Tree) {
    assert!(tree.failure().is_some());
    assert!(tree.insert(leaf(9)).is_err());
    assert!(tree.flush().is_err());
    assert!(tree.clone().close().is_err());
}

#[test]
fn loom_models_a_sync_that_fails_while_two_wait() {
    for sync in [0, 1] {
        model("a sync that fails", 4, move || {
            let disk = Disk::whose(sync, Ending::Fails);
            let (tree, _) = open(&disk);
            let other = thread::spawn({
                let (tree, disk) = (tree.clone(), Arc::clone(&disk));
                move || {
                    if let Ok((_, token)) = tree.insert(leaf(1)) {
                        assert_told_truly(&disk, &token, token.wait(), 1);
                    }
                }
            });
            if let Ok((_, token)) = tree.insert(leaf(2)) {
                assert_told_truly(&disk, &token, token.wait(), 2);
            }
            other.join().expect("no thread panics");
            if disk.syncs() > sync {
                assert_failed_for_good(&tree);
            }
        });
    }
}

#[test]
fn loom_models_a_future_of_a_sync_that_fails() {
    model("a future of a sync that fails", 2, || {
        let disk = Disk::whose(0, Ending::Fails);
        let (tree, _) = open(&disk);
        let token = insert(&tree, 1);
        let other = thread::spawn({
            let token = token.clone();
            move || assert!(token.wait().is_err())
        });
        assert!(super::waiting::block_on(token.clone()).is_err());
        assert!(!token.is_durable());
        other.join().expect("no thread panics");
    });
}

#[test]
fn loom_models_closing_when_the_sync_fails() {
    model("closing when the sync fails", 3, || {
        let disk = Disk::whose(0, Ending::Fails);
        let (tree, _) = open(&disk);
        let token = insert(&tree, 1);
        let waiting = thread::spawn({
            let token = token.clone();
            move || assert!(token.wait().is_err())
        });
        assert!(tree.clone().close().is_err());
        assert!(!token.is_durable());
        waiting.join().expect("no thread panics");
        assert!(tree.clone().close().is_err());
    });
}

/// The caller of the leader gets its panic; the other threads get an error.
#[test]
fn loom_models_a_leader_that_panics_while_another_waits() {
    silence(PLANNED_PANIC);
    model("a leader that panics", 5, || {
        let disk = Disk::whose(0, Ending::Panics);
        let (tree, _) = open(&disk);
        let token = insert(&tree, 1);
        let wait = |token: &DurabilityToken| {
            let outcome = catch_unwind(AssertUnwindSafe(|| token.wait()));
            assert!(!matches!(outcome, Ok(Ok(()))), "nothing was synced");
        };
        let other = thread::spawn({
            let token = token.clone();
            move || wait(&token)
        });
        wait(&token);
        other.join().expect("the panic was caught");
        assert!(!token.is_durable());
        assert_eq!(disk.syncs(), 1, "led again after a panic");
        assert_failed_for_good(&tree);
    });
}

/// Silences a panic that is expected thousands of times, for good. The hook runs in front of loom's
/// own, which would report the end of each of its threads.
fn silence(message: &'static str) {
    // Installs loom's hook.
    loom::model(|| {});
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&message) {
            others(info);
        }
    }));
}

/// A waiter that only the failure wakes still gets it.
#[test]
fn loom_models_a_failure_elsewhere_while_a_future_waits() {
    model("a failure elsewhere", 6, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let bell = Arc::new(Bell::default());
        // No flush serves this waiter: it waits for a sequence that no record has.
        let waker = bell.waker();
        let core = Arc::clone(tree.parts());
        let failing = thread::spawn(move || {
            drop(
                core.group()
                    .fail(std::io::Error::other("a planned failure")),
            );
        });
        let commit = tree.parts().group();
        let polled_once = commit.check_or_register(&mut Polled::default(), u64::MAX, &waker);
        if polled_once.is_pending() {
            bell.wait();
        }
        failing.join().expect("no thread panics");
        assert!(tree.failure().is_some());
    });
}
