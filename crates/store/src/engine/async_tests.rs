//! Polling never blocks on the disk: each future here is polled while a leader is in a sync that
//! does not end.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use rotortree_hasher::Blake3Hasher;

use crate::{CheckpointPolicy, FlushPolicy, RotorTree, memory::MemoryStorage, settings::Settings};

type Tree = RotorTree<Blake3Hasher, 2, 32>;

/// A waker that a test can wait for.
struct Bell(mpsc::Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // A test that is over does not listen.
        self.0.send(()).unwrap_or_default();
    }
}

/// Polls until it is ready, each time but the first when it was woken.
fn finish<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let (ring, rung) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(ring)));
    loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        match polled {
            Poll::Ready(output) => return output,
            Poll::Pending => rung
                .recv_timeout(Duration::from_secs(60))
                .expect("it is woken"),
        }
    }
}

fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    future
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
}

fn tree() -> Tree {
    let config = Settings {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        ..Settings::default()
    };
    RotorTree::open_with(Blake3Hasher, Arc::new(MemoryStorage::new()), config)
        .expect("an empty place can be opened")
}

#[test]
fn nothing_that_is_polled_waits_for_a_sync() {
    let tree = tree();
    let (_, token) = tree.insert([1; 32]).unwrap();
    let core = Arc::clone(tree.parts());
    let syncing = core.group().take_lead().unwrap();
    let mut heads = tree.durable_heads();
    let mut token = pin!(token.into_future());
    let mut flush = pin!(tree.flush_async());
    let mut checkpoint = pin!(tree.checkpoint_async());
    {
        let mut next = pin!(heads.next());
        for _ in 0..3 {
            assert!(is_pending(token.as_mut()));
            assert!(is_pending(flush.as_mut()));
            assert!(is_pending(checkpoint.as_mut()));
            assert!(is_pending(next.as_mut()));
        }
    }
    core.committer.give_back(syncing);
    finish(token.as_mut()).unwrap();
    finish(flush.as_mut()).unwrap();
    finish(checkpoint.as_mut()).unwrap();
    assert_eq!(finish(pin!(heads.next())), tree.head());
    assert_eq!(tree.stats().checkpointed_size, 1);

    let syncing = core.group().take_lead().unwrap();
    let mut close = pin!(tree.close_async());
    assert!(is_pending(close.as_mut()));
    assert!(is_pending(pin!(heads.next())));
    core.committer.give_back(syncing);
    finish(close.as_mut()).unwrap();
    assert_eq!(finish(pin!(heads.next())), None);
}

#[test]
fn a_follower_that_is_dropped_or_moves_on_leaves_no_waker_behind() {
    let tree = tree();
    let waiting = || tree.parts().group().waiting();
    let mut heads = tree.durable_heads();
    for k in 0..10 {
        for _ in 0..100 {
            assert!(is_pending(pin!(heads.next())));
            assert_eq!(waiting(), 1);
        }
        tree.insert([k; 32]).unwrap();
        tree.flush().unwrap();
        assert_eq!(finish(pin!(heads.next())), tree.head());
        assert_eq!(waiting(), 0);
    }
    assert!(is_pending(pin!(heads.next())));
    drop(heads);
    assert_eq!(waiting(), 0);
}

#[test]
fn a_follower_that_waits_is_woken_by_each_sync_alone() {
    let tree = tree();
    let mut heads = tree.durable_heads();
    for k in 0..3 {
        let (ring, rung) = mpsc::channel();
        let waker = Waker::from(Arc::new(Bell(ring)));
        let mut context = Context::from_waker(&waker);
        assert!(heads.poll_next(&mut context).is_pending());
        tree.insert([k; 32]).unwrap();
        assert!(rung.try_recv().is_err(), "nothing is durable yet");
        tree.flush().unwrap();
        rung.recv_timeout(Duration::from_secs(60))
            .expect("the sync wakes it");
        assert_eq!(heads.poll_next(&mut context), Poll::Ready(tree.head()));
    }
}
