//! Removal of covered segments, with and without background threads.

use std::{
    sync::{Arc, Mutex, mpsc::channel},
    thread,
    time::Duration,
};

use rotortree_hasher::Blake3Hasher;

use crate::engine::checkpoint_queue::BACKGROUND_REMOVAL_LEAVES;
use crate::{
    CheckpointPolicy, FlushPolicy, RotorTree, Runtime,
    memory::MemoryStorage,
    runtime::{Lane, MOST_CHECKPOINTING, starved::while_starved},
    settings::Settings,
    storage::Storage,
};

/// A tree whose next checkpoint covers much.
fn much(storage: &Arc<dyn Storage>, runtime: &Runtime) -> RotorTree<Blake3Hasher, 4, 32> {
    let config = Settings {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        runtime: runtime.clone(),
        ..Settings::default()
    };
    let engine = RotorTree::open_with(Blake3Hasher, Arc::clone(storage), config);
    let engine = engine.expect("an empty place can be opened");
    let leaves = vec![[7; 32]; BACKGROUND_REMOVAL_LEAVES as usize];
    let appended = engine.append(&leaves).submit();
    appended.expect("the leaves fit");
    engine
}

#[test]
fn closing_removes_what_no_thread_was_free_to_remove() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let runtime = Runtime::new();
    // Other trees keep the threads of the lane, all that there may be.
    let (release, held) = channel::<()>();
    let held = Arc::new(Mutex::new(held));
    for _ in 0..MOST_CHECKPOINTING {
        let held = Arc::clone(&held);
        let job = Box::new(move || {
            held.lock().unwrap().recv().unwrap_err();
        });
        assert!(runtime.run(Lane::Checkpoint, job).is_ok());
    }
    let engine = much(&storage, &runtime);
    engine.checkpoint().unwrap();
    assert!(storage.list_segments().unwrap().len() > 1);
    let (done, closed) = channel();
    thread::spawn(move || done.send(engine.close()).unwrap());
    let closed = closed.recv_timeout(Duration::from_secs(30));
    closed.expect("closing waits for no other tree").unwrap();
    assert_eq!(storage.list_segments().unwrap().len(), 1);
    drop(release);
}

#[test]
fn without_a_thread_what_is_covered_is_removed_at_once_and_once() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let runtime = Runtime::new();
    let engine = much(&storage, &runtime);
    while_starved(|| engine.checkpoint()).unwrap();
    assert_eq!(storage.list_segments().unwrap().len(), 1);
    // The first thread that can be had does not do it again.
    let (done, told) = channel();
    let job = Box::new(move || done.send(()).unwrap());
    assert!(runtime.run(Lane::Checkpoint, job).is_ok());
    told.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(engine.stats().removal_failures, 0);
    engine.close().unwrap();
}
