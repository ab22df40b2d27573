//! Following a store: the thread of a view, its callback, and its end.

use std::{
    ops::ControlFlow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    FlushPolicy, Following, ReadOnly, RotorTree, RotorTreeError, memory::MemoryStorage,
    storage::Storage,
};

use crate::{builder::unset, silence::silence_planned_panics};

type Tree = RotorTree<Blake3Hasher, 2, 32>;
type View = ReadOnly<Blake3Hasher, 2, 32>;

const INTERVAL: Duration = Duration::from_millis(2);

fn open() -> (Tree, View) {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let builder = || {
        unset::<Tree>()
            .flush_policy(FlushPolicy::Manual)
            .storage(Arc::clone(&storage))
    };
    let tree = builder().open(Blake3Hasher).unwrap();
    (tree, builder().open_read_only(Blake3Hasher).unwrap())
}

/// Waits until the view shows the tree.
fn await_shown(tree: &Tree, view: &View) {
    while view.head() != tree.head() {
        std::thread::sleep(INTERVAL);
    }
}

#[test]
fn each_newer_state_is_told_once_and_nothing_without_news() {
    let (tree, view) = open();
    let (versions, told) = mpsc::channel();
    let following = view
        .follow(INTERVAL, move |outcome| {
            versions.send(outcome.unwrap()).unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
    for version in 1..=4 {
        tree.insert_durable([version as u8; 32]).unwrap();
        assert_eq!(told.recv().unwrap(), version);
        assert_eq!(view.head(), tree.head());
        assert_eq!(view.version(), version);
    }
    // Refreshed by others, and told all the same.
    let before = view.refreshed_at();
    while view.refreshed_at() == before {
        std::thread::sleep(INTERVAL);
    }
    assert!(following.is_running());
    drop(following);
    let rest: Vec<u64> = told.iter().collect();
    assert_eq!(rest, [0; 0], "the thread has ended, and nothing was new");
}

#[test]
fn an_error_is_told_at_each_refresh_until_the_callback_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tree");
    let config = rotortree_store::RotorTreeConfig::new(&path);
    let tree = Tree::open(Blake3Hasher, config.clone()).unwrap();
    tree.insert_durable([1; 32]).unwrap();
    tree.close().unwrap();
    let view = Tree::open_read_only(Blake3Hasher, config).unwrap();
    std::fs::rename(path.join("MANIFEST"), dir.path().join("MANIFEST")).unwrap();
    let errors = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&errors);
    let following = view
        .follow(INTERVAL, move |outcome| {
            assert!(matches!(outcome, Err(RotorTreeError::Storage(_))));
            if counted.fetch_add(1, Ordering::SeqCst) < 2 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .unwrap();
    while following.is_running() {
        std::thread::sleep(INTERVAL);
    }
    assert_eq!(errors.load(Ordering::SeqCst), 3);
    assert_eq!(Arc::strong_count(&errors), 1, "the callback is dropped");
    assert_eq!(view.size(), 1, "the view stays");
}

#[test]
fn dropping_it_ends_the_thread_also_within_the_callback() {
    let (tree, view) = open();
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let following = view.follow(Duration::MAX, move |_| {
        let _held = &held;
        ControlFlow::Continue(())
    });
    drop(following.unwrap());
    assert_eq!(Arc::strong_count(&alive), 1, "the thread has ended");

    let slot: Arc<Mutex<Option<Following>>> = Arc::default();
    let (ended, told) = mpsc::channel();
    let (own, own_view) = (Arc::clone(&slot), view.clone());
    let mut begun = slot.lock().unwrap();
    let following = view.follow(INTERVAL, move |outcome| {
        drop(own.lock().unwrap().take());
        // No lock of the view is held.
        own_view.refresh().unwrap();
        ended.send(outcome.unwrap()).unwrap();
        ControlFlow::Continue(())
    });
    *begun = Some(following.unwrap());
    drop(begun);
    tree.insert_durable([1; 32]).unwrap();
    assert_eq!(told.recv().unwrap(), 1);
    tree.insert_durable([2; 32]).unwrap();
    assert!(told.recv().is_err(), "its thread has ended");
}

#[test]
fn a_panic_of_the_callback_does_not_end_it() {
    silence_planned_panics();
    let (tree, view) = open();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let following = view.follow(INTERVAL, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        panic!("a planned panic")
    });
    for size in 1..=3 {
        tree.insert_durable([size; 32]).unwrap();
        while calls.load(Ordering::SeqCst) < size.into() {
            std::thread::sleep(INTERVAL);
        }
        await_shown(&tree, &view);
    }
    assert!(following.unwrap().is_running());
}

#[test]
fn an_interval_of_nothing_is_no_busy_loop() {
    let (_tree, view) = open();
    let started = Instant::now();
    let following = view.follow(Duration::ZERO, |_| ControlFlow::Continue(()));
    let following = following.unwrap();
    let mut looks = 0;
    let mut last = view.refreshed_at();
    while looks < 6 {
        let at = view.refreshed_at();
        looks += u32::from(at != last);
        last = at;
        std::thread::yield_now();
    }
    assert!(started.elapsed() >= Duration::from_millis(5));
    drop(following);
}

#[test]
fn a_view_as_an_object_is_followed_too() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let tree = unset::<Tree>().storage(Arc::clone(&storage));
    let tree = tree.open(Blake3Hasher).unwrap();
    let view = rotortree_store::AnyTreeBuilder::on(storage)
        .open_read_only(Blake3Hasher)
        .unwrap();
    let (versions, told) = mpsc::channel();
    let following = view.follow(
        INTERVAL,
        Box::new(
            move |outcome| match outcome.map(|version| versions.send(version)) {
                Ok(Ok(())) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            },
        ),
    );
    tree.insert_durable([1; 32]).unwrap();
    assert_eq!(told.recv().unwrap(), 1);
    assert_eq!(view.head(), tree.head());
    drop(following.unwrap());
    assert!(matches!(
        told.try_recv(),
        Err(mpsc::TryRecvError::Disconnected)
    ));
}
