//! A system without threads for the background, and the memory of a closed tree.

use std::{
    future::IntoFuture,
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference;

use crate::{
    CheckpointPolicy, DurabilityToken, FlushPolicy, RotorTree, Runtime, engine::Parts,
    memory::MemoryStorage, runtime::starved::while_starved, settings::Settings,
};

type Tree = RotorTree<Blake3Hasher, 3, 32>;

/// A tree on a runtime that has no thread yet.
fn open(flush_policy: FlushPolicy, checkpoint_policy: CheckpointPolicy) -> Tree {
    let config = Settings {
        flush_policy,
        checkpoint_policy,
        runtime: Runtime::new(),
        ..Settings::default()
    };
    let tree = RotorTree::open_with(Blake3Hasher, Arc::new(MemoryStorage::new()), config);
    tree.expect("an empty place can be opened")
}

fn eventually(token: &DurabilityToken) {
    let started = Instant::now();
    while !token.is_durable() {
        assert!(started.elapsed() < Duration::from_secs(60), "in vain");
        thread::sleep(Duration::from_millis(1));
    }
}

const INTERVAL: FlushPolicy = FlushPolicy::Interval(Duration::from_millis(1));

#[test]
fn without_a_thread_an_insert_flushes_itself_and_later_the_background_does() {
    let tree = open(INTERVAL, CheckpointPolicy::Manual);
    for number in 1..=3 {
        let (_, token) = while_starved(|| tree.insert([1; 32])).unwrap();
        assert!(token.is_durable(), "there is no other to do it");
        // The flush, and the mark behind it.
        assert_eq!(tree.stats().unserved, 2 * number);
    }
    let (_, token) = tree.insert([2; 32]).unwrap();
    eventually(&token);
    assert_eq!(tree.stats().unserved, 6);
    tree.close().unwrap();
}

#[test]
fn without_a_thread_an_insert_that_must_not_wait_leaves_the_flush_to_the_next() {
    let tree = open(INTERVAL, CheckpointPolicy::Manual);
    let token = while_starved(|| tree.append(&[[1; 32]]).try_submit()).unwrap();
    assert!(!token.is_durable());
    assert_eq!(tree.stats().unserved, 1);
    tree.insert([2; 32]).unwrap();
    eventually(&token);
    tree.close().unwrap();
}

#[test]
fn without_a_thread_an_insert_that_must_not_wait_leaves_the_checkpoint_to_the_next() {
    let tree = open(FlushPolicy::Manual, CheckpointPolicy::EveryNEntries(1));
    while_starved(|| tree.append(&[[1; 32]]).try_submit()).unwrap();
    assert_eq!(tree.stats().checkpoints, 0);
    assert_eq!(tree.stats().unserved, 1);
    tree.insert([2; 32]).unwrap();
    assert!(tree.wait_for_checkpoint(Duration::from_secs(60)));
    tree.close().unwrap();
}

#[test]
fn without_a_thread_an_insert_makes_the_checkpoint_that_is_due() {
    for policy in [
        CheckpointPolicy::EveryNEntries(2),
        CheckpointPolicy::MemoryThreshold(4096),
    ] {
        let tree = open(FlushPolicy::Manual, policy);
        while_starved(|| {
            for leaves in reference::sample_leaves(1, 1000).chunks(50) {
                tree.append(leaves).submit().unwrap();
            }
        });
        assert!(tree.stats().checkpoints >= 3, "{policy:?}");
        assert!(tree.stats().checkpointed_size > 500);
        tree.close().unwrap();
    }
}

#[test]
fn without_a_thread_a_future_syncs_where_it_is_polled() {
    let tree = open(FlushPolicy::Manual, CheckpointPolicy::Manual);
    let (_, token) = tree.insert([1; 32]).unwrap();
    let mut future = token.clone().into_future();
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let _ = while_starved(|| std::pin::Pin::new(&mut future).poll(&mut context));
    assert!(token.is_durable());
    tree.close().unwrap();
}

#[test]
fn a_token_a_future_and_a_tick_that_outlive_a_tree_keep_nothing_of_it() {
    let hour = FlushPolicy::Interval(Duration::from_secs(3600));
    let tree = open(hour, CheckpointPolicy::Manual);
    let (_, token) = tree.insert([1; 32]).unwrap();
    let future = token.clone().into_future();
    let core: Arc<Parts<Blake3Hasher, 3, 32>> = Arc::clone(tree.parts());
    assert!(core.group().is_due(super::Tick::Flush));
    tree.close().unwrap();
    // Not even the tree's empty memory: only the small part is kept, and it does not point back.
    assert_eq!(Arc::weak_count(&core), 0);
    let kept: Weak<_> = Arc::downgrade(&core);
    drop(core);
    assert!(kept.upgrade().is_none());
    token.wait().unwrap();
    drop(future);
}
