//! Every method of a tree, for calling it from foreign code, and helpers of such tests.

use std::{
    fmt,
    future::Future,
    panic::resume_unwind,
    pin::Pin,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, channel},
    },
    task::{Context, Waker},
    thread,
    time::Duration,
};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, Hasher, RotorTree, RotorTreeConfig,
    RotorTreeError, StorageError, store::memory::MemoryStorage,
    store::test_util::watchdog::limit_this_process,
};

use crate::{
    common::{PATIENCE, leaf, leaves, storage_error},
    gate::Gate,
};

/// A tree of any hasher.
pub(crate) type TreeOf<H> = RotorTree<H, 2, 32>;
pub(crate) type Tree = crate::common::Tree<2>;

/// Calls by the names of their methods.
pub(crate) type Named<C> = Vec<(&'static str, C)>;

/// A call, whatever it returns.
pub(crate) type Call = Box<dyn Fn(&Tree) + Send + Sync>;

/// The outcome of a call that can be refused.
pub(crate) type Outcome = Result<(), StorageError>;

/// The methods that write or wait for a writer, by name.
pub(crate) fn writing<H: Hasher>() -> Named<fn(&TreeOf<H>) -> Outcome> {
    fn of<T: fmt::Debug>(outcome: Result<T, RotorTreeError>) -> Outcome {
        if outcome.is_ok() {
            return Ok(());
        }
        Err(storage_error(outcome))
    }
    vec![
        ("insert", |tree| of(tree.insert(leaf(90)))),
        ("insert_many", |tree| of(tree.insert_many(&leaves(0..5)))),
        ("insert_durable", |tree| of(tree.insert_durable(leaf(91)))),
        ("append", |tree| {
            of(tree.append(&[]).metadata(b"x").submit())
        }),
        ("try_submit", |tree| {
            match of(tree.append(&leaves(0..2)).try_submit()) {
                // Another thread of the test inserts.
                Err(StorageError::WouldBlock) => Ok(()),
                outcome => outcome,
            }
        }),
        ("durable", |tree| of(tree.append(&leaves(0..2)).durable())),
        ("flush", RotorTree::flush),
        ("checkpoint", RotorTree::checkpoint),
        ("close", |tree| tree.clone().close()),
    ]
}

/// The methods that read, by name.
pub(crate) fn reading<H: Hasher>() -> Named<fn(&TreeOf<H>)> {
    const MOMENT: Duration = Duration::from_millis(1);
    vec![
        ("stats", |tree| drop(tree.stats())),
        ("snapshot", |tree| {
            let snapshot = tree.snapshot();
            if snapshot.size() > 0 {
                drop(snapshot.generate_proof(0));
            }
        }),
        ("durable_snapshot", |tree| drop(tree.durable_snapshot())),
        ("find_head", |tree| {
            assert!(tree.find_head(&[1; 32]).is_none())
        }),
        ("wait_for_size", |tree| {
            assert!(!tree.wait_for_size(u64::MAX, MOMENT))
        }),
        ("wait_for_checkpoint", |tree| {
            let _ = tree.wait_for_checkpoint(MOMENT);
        }),
        ("verify", |tree| drop(tree.verify())),
        ("failure", |tree| drop(tree.failure())),
        ("clone", |tree| drop(tree.clone())),
        ("debug", |tree| drop(format!("{tree:?}"))),
    ]
}

/// The methods that return futures, each polled once, by name.
fn awaiting() -> Named<fn(&Tree)> {
    fn once<F: Future + Unpin>(mut future: F) {
        let _ = Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()));
    }
    vec![
        ("flush_async", |tree| once(tree.flush_async())),
        ("checkpoint_async", |tree| once(tree.checkpoint_async())),
        ("close_async", |tree| once(tree.clone().close_async())),
        ("durable_heads", |tree| {
            let mut heads = tree.durable_heads();
            let _ = heads.poll_next(&mut Context::from_waker(Waker::noop()));
        }),
    ]
}

/// All of them, whatever they return.
pub(crate) fn all() -> Named<Call> {
    let writing = writing().into_iter().map(|(name, call)| {
        let call: Call = Box::new(move |tree| drop(call(tree)));
        (name, call)
    });
    let others = reading().into_iter().chain(awaiting());
    let others = others.map(|(name, call)| {
        let call: Call = Box::new(call);
        (name, call)
    });
    writing.chain(others).collect()
}

/// A tree on a gate that does nothing by itself.
pub(crate) fn quiet(gate: &Gate) -> Tree {
    open(gate, FlushPolicy::Manual, CheckpointPolicy::Manual)
}

pub(crate) fn open(gate: &Gate, flush: FlushPolicy, checkpoint: CheckpointPolicy) -> Tree {
    limit_this_process();
    let config = RotorTreeConfig {
        flush_policy: flush,
        checkpoint_policy: checkpoint,
        ..RotorTreeConfig::new("not looked at")
    };
    let builder = Tree::builder(config).storage(gate.storage());
    builder.open(Blake3Hasher).unwrap()
}

/// A place in memory for a tree of any hasher that does nothing by itself.
pub(crate) fn in_memory<H: Hasher>(hasher: H) -> TreeOf<H> {
    limit_this_process();
    let builder = TreeOf::builder(crate::common::quiet("not looked at".as_ref()));
    let builder = builder.storage(Arc::new(MemoryStorage::new()));
    builder.open(hasher).unwrap()
}

/// Runs a test that may wait forever where something is wrong; the time is a watchdog's.
pub(crate) fn ends(what: &str, test: impl FnOnce() + Send + 'static) {
    let (running, ended) = channel::<()>();
    let thread = thread::spawn(move || {
        let _running = running;
        test();
    });
    let timeout = ended.recv_timeout(PATIENCE);
    assert_ne!(timeout, Err(RecvTimeoutError::Timeout), "{what} hangs");
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// Waits until `reached`, and fails if that takes longer than anything here does.
pub(crate) fn eventually(what: &str, mut reached: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !reached() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
