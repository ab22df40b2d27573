//! Tokens: their values, and when waiting ends.

use std::{
    future::{Future, IntoFuture},
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use rotortree::{Blake3Hasher, FlushPolicy, RotorTreeConfig, TreeHead, lean_imt::reference};

use crate::support::{PATIENCE, Tree, eventually, leaf, leaves, open, quiet};

#[test]
fn a_token_knows_its_own_leaves_and_head_whatever_other_threads_insert() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(dir.path());
    let seen: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4u64)
            .map(|k| {
                let tree = &tree;
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    for step in 0..50 {
                        let mine = leaves(k * 1000 + step * 3..k * 1000 + step * 3 + 1 + step % 3);
                        let (root, token) = tree.insert_many(&mine).unwrap();
                        seen.push((mine, root, token));
                    }
                    seen
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    tree.flush().unwrap();
    let snapshot = tree.snapshot();
    let mut covered = 0;
    for (mine, root, token) in seen {
        let range = token.leaf_range();
        let there: Result<Vec<_>, _> = snapshot.leaves(range.clone()).unwrap().collect();
        assert_eq!(there.unwrap(), mine);
        let head = TreeHead {
            size: range.end,
            root,
        };
        assert_eq!(token.head(), Some(head));
        assert_eq!(snapshot.snapshot_at(range.end).unwrap().head(), Some(head));
        assert!(token.is_durable());
        covered += mine.len() as u64;
    }
    assert_eq!(covered, tree.size());
    let all: Vec<_> = snapshot
        .leaves(0..covered)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(tree.root(), reference::root(&Blake3Hasher, 4, &all));
}

#[test]
fn under_the_manual_policy_nothing_is_flushed_until_somebody_waits() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let (_, first) = tree.insert(leaf(0)).unwrap();
    let (_, second) = tree.insert(leaf(1)).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(!first.is_durable() && tree.durable_size() == 0);
    // Waiting for the first leads a sync that carries both.
    first.wait().unwrap();
    assert!(first.is_durable() && second.is_durable());
    assert_eq!(tree.durable_size(), 2);
    assert_eq!(tree.stats().syncs, 1);
    second.wait().unwrap();
    assert_eq!(tree.stats().syncs, 1, "what is durable needs no other sync");
}

#[test]
fn waiting_for_a_limited_time_asks_the_background() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let (_, token) = tree.insert(leaf(0)).unwrap();
    assert!(token.wait_timeout(PATIENCE).unwrap());
    assert_eq!(tree.durable_size(), 1);
    assert!(token.wait_timeout(Duration::ZERO).unwrap());
}

#[test]
fn under_the_interval_policy_leaves_become_durable_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(Duration::from_micros(100)),
        ..quiet(dir.path())
    };
    let tree = Tree::<2>::open(Blake3Hasher, config).unwrap();
    for k in 0..3 {
        let (_, token) = tree.insert(leaf(k)).unwrap();
        eventually("the background flushes", || token.is_durable());
    }
}

#[test]
fn a_token_can_be_awaited_on_any_executor() {
    struct Unpark(mpsc::Sender<()>);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            // The receiver is gone once the future is ready.
            self.0.send(()).unwrap_or_default();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let (_, token) = tree.insert(leaf(0)).unwrap();
    let (sender, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Unpark(sender)));
    let mut durable = pin!(token.clone().into_future());
    loop {
        match durable.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => break outcome.unwrap(),
            Poll::Pending => woken.recv_timeout(PATIENCE).unwrap(),
        }
    }
    assert!(token.is_durable());
}

#[test]
fn a_token_outlives_its_tree_and_does_not_keep_it_open() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let (_, closed) = tree.insert(leaf(0)).unwrap();
    tree.close().unwrap();
    assert!(closed.is_durable());
    closed.wait().unwrap();
    assert!(closed.wait_timeout(Duration::ZERO).unwrap());

    let tree = open::<2>(dir.path());
    let (_, dropped) = tree.insert(leaf(1)).unwrap();
    drop(tree);
    dropped.wait().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(tree.size(), 2);
    assert_eq!((closed.leaf_range(), dropped.leaf_range()), (0..1, 1..2));
}
