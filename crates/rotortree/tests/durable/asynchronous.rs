//! Futures: their outcomes, their wakers, and polling without blocking.

use std::{
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, RotorTreeConfig, StorageError,
    store::{
        fs::FsStorage,
        test_util::sim_files::{Call, Effect, Fault, SimFiles},
    },
};

use crate::support::{Tree, block_on, leaf, leaves, open, poll_once, quiet};

#[test]
fn awaiting_a_token_makes_it_durable_under_every_policy() {
    let policies = [
        FlushPolicy::Manual,
        FlushPolicy::Interval(Duration::from_millis(1)),
        FlushPolicy::Interval(Duration::from_secs(3600)),
        FlushPolicy::Interval(Duration::MAX),
    ];
    for flush_policy in policies {
        let dir = tempfile::tempdir().unwrap();
        let config = RotorTreeConfig {
            flush_policy,
            ..quiet(dir.path())
        };
        let tree = Tree::<2>::open(Blake3Hasher, config).unwrap();
        let (_, token) = tree.insert(leaf(0)).unwrap();
        block_on(token.into_future()).unwrap();
        assert_eq!(tree.durable_size(), 1, "{flush_policy:?}");
    }
}

#[test]
fn an_awaited_flush_covers_what_was_inserted_before_the_call() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    block_on(tree.flush_async()).unwrap();
    tree.insert_many(&leaves(0..10)).unwrap();
    tree.append(&[]).metadata(b"cursor").submit().unwrap();
    let flush = tree.flush_async();
    tree.insert(leaf(10)).unwrap();
    assert_eq!(
        tree.durable_size(),
        0,
        "nothing is asked for before it is polled"
    );
    block_on(flush).unwrap();
    assert!(tree.durable_size() >= 10);
    assert_eq!(tree.durable_snapshot().metadata(), Some(&b"cursor"[..]));

    let closed = tree.clone();
    tree.close().unwrap();
    let outcome = block_on(closed.flush_async());
    assert!(matches!(outcome, Err(StorageError::Closed)));
    let outcome = block_on(closed.checkpoint_async());
    assert!(matches!(outcome, Err(StorageError::Closed)));
    block_on(closed.close_async()).unwrap();
}

#[test]
fn checkpoints_and_closing_can_be_awaited_and_go_on_when_they_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let config = || RotorTreeConfig {
        checkpoint_policy: CheckpointPolicy::OnClose,
        ..quiet(dir.path())
    };
    let tree = Tree::<3>::open(Blake3Hasher, config()).unwrap();
    tree.insert_many(&leaves(0..1000)).unwrap();
    block_on(tree.checkpoint_async()).unwrap();
    assert_eq!(tree.stats().checkpointed_size, 1000);
    assert!(tree.wait_for_checkpoint(Duration::ZERO));
    tree.insert_many(&leaves(1000..1500)).unwrap();
    drop(tree.checkpoint_async());
    assert!(tree.wait_for_checkpoint(crate::support::PATIENCE));
    assert_eq!(tree.stats().checkpointed_size, 1500);

    tree.insert(leaf(1500)).unwrap();
    let head = tree.head();
    block_on(tree.close_async()).unwrap();
    // The place is given up by then.
    let tree = Tree::<3>::open(Blake3Hasher, config()).unwrap();
    assert!(tree.recovery_report().was_closed);
    assert_eq!(tree.recovery_report().checkpoint_size, 1501);
    assert_eq!(tree.head(), head);
}

#[test]
fn durable_heads_come_as_syncs_make_them_and_end_with_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let mut heads = tree.durable_heads();
    assert!(
        poll_once(pin!(heads.next())).is_pending(),
        "an empty tree has none"
    );
    tree.insert(leaf(0)).unwrap();
    assert!(
        poll_once(pin!(heads.next())).is_pending(),
        "it is not durable"
    );
    let first = tree.append_durable(&[leaf(1)]).unwrap().head;
    assert_eq!(block_on(heads.next()), first);
    // A slow follower does not get the heads in between.
    for k in 2..5 {
        tree.insert_durable(leaf(k)).unwrap();
    }
    assert_eq!(block_on(heads.next()), tree.head());
    // Metadata alone makes no other head.
    tree.append(&[]).metadata(b"cursor").durable().unwrap();
    assert!(poll_once(pin!(heads.next())).is_pending());
    // One that begins now begins with the head that is durable now.
    let mut late = tree.durable_heads();
    assert_eq!(block_on(late.next()), tree.head());

    // Two followers wait on threads; the last insert is made durable by closing.
    let followers: Vec<_> = [heads, late]
        .into_iter()
        .map(|mut heads| {
            thread::spawn(move || {
                let mut given = Vec::new();
                while let Some(head) = block_on(heads.next()) {
                    given.push(head);
                }
                heads.outcome().unwrap();
                given
            })
        })
        .collect();
    let (_, token) = tree.insert(leaf(5)).unwrap();
    tree.close().unwrap();
    for follower in followers {
        assert_eq!(follower.join().unwrap().last().copied(), token.head());
    }
}

#[test]
fn heads_of_a_tree_that_fails_end_with_its_failure() {
    let files = SimFiles::new();
    let tree = Tree::<2>::builder(quiet("not looked at".as_ref()))
        .storage(Arc::new(FsStorage::with_files(files.clone(), "/tree")))
        .open(Blake3Hasher)
        .unwrap();
    let mut heads = tree.durable_heads();
    let durable = tree.append_durable(&leaves(0..3)).unwrap().head;
    let (_, token) = tree.insert(leaf(3)).unwrap();
    let flush = tree.flush_async();
    files.inject(Fault::new(0, Effect::LoseSync(io::ErrorKind::Other)).on(Call::Sync));
    let outcome = block_on(token.into_future());
    assert!(matches!(outcome, Err(StorageError::FlushFailed(_))));
    let outcome = block_on(flush);
    assert!(matches!(outcome, Err(StorageError::FlushFailed(_))));
    assert_eq!(block_on(heads.next()), durable);
    assert_eq!(block_on(heads.next()), None);
    assert!(matches!(heads.outcome(), Err(StorageError::FlushFailed(_))));
    let outcome = block_on(tree.close_async());
    assert!(matches!(outcome, Err(StorageError::FlushFailed(_))));
}

#[test]
fn a_view_tells_what_is_newer_than_what_was_seen() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let view = Tree::<2>::open_read_only(Blake3Hasher, quiet(dir.path())).unwrap();
    let clone = view.clone();
    assert_eq!(view.version(), 0);
    assert!(!view.wait_for_newer(0, Duration::ZERO).unwrap());
    let mut newer = pin!(view.newer_than(0));
    assert!(poll_once(newer.as_mut()).is_pending());
    tree.insert_many_durable(&leaves(0..5)).unwrap();
    tree.checkpoint().unwrap();
    let version = block_on(newer).unwrap();
    assert!(version > 0 && clone.version() >= version);
    assert_eq!(clone.head(), tree.head());
    // A state that is newer already resolves at once.
    assert_eq!(block_on(view.newer_than(0)).unwrap(), view.version());
    assert!(clone.wait_for_newer(0, Duration::ZERO).unwrap());
    let seen = clone.version();
    assert!(
        !clone
            .wait_for_newer(seen, Duration::from_millis(1))
            .unwrap()
    );

    // Metadata alone is something new.
    let waiting = thread::spawn(move || clone.wait_for_newer(seen, crate::support::PATIENCE));
    tree.append(&[]).metadata(b"cursor").durable().unwrap();
    tree.checkpoint().unwrap();
    assert!(waiting.join().unwrap().unwrap());
    assert_eq!(view.metadata().as_deref(), Some(&b"cursor"[..]));

    // A removed place is an error, without waiting.
    let seen = view.version();
    tree.close().unwrap();
    std::fs::remove_dir_all(dir.path()).unwrap();
    block_on(view.newer_than(seen)).unwrap_err();
    view.wait_for_newer(seen, crate::support::PATIENCE)
        .unwrap_err();
}

#[test]
fn a_future_of_a_view_that_is_dropped_keeps_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let _tree = open::<2>(dir.path());
    let view = Tree::<2>::open_read_only(Blake3Hasher, quiet(dir.path())).unwrap();
    struct Flag;
    impl std::task::Wake for Flag {
        fn wake(self: Arc<Self>) {}
    }
    let flag = Arc::new(Flag);
    let waker = Waker::from(Arc::clone(&flag));
    {
        let mut newer = pin!(view.newer_than(0));
        for _ in 0..1000 {
            let polled = newer.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(matches!(polled, Poll::Pending));
        }
        // One of the test, one of the waker, one that is registered.
        assert_eq!(Arc::strong_count(&flag), 3);
    }
    assert_eq!(Arc::strong_count(&flag), 2);
}
