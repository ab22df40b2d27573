//! The insert hook: when it is called, what its refusal leaves, what its panics and its own calls
//! do, and that recovery does not ask it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::{AnySnapshot, TreeError, reference::sample_leaves};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, InsertHook, Published, Refusal, RefusalReason, RotorTree,
    RotorTreeError, StorageError,
    chunk::SHARD_CHUNKS,
    memory::MemoryStorage,
    storage::Storage,
    test_util::{sim_files::SimFiles, watchdog::limit_this_process},
};

use crate::{
    builder::{Builder, unset},
    common_counted::Counter,
    silence::silence_planned_panics,
};

/// What happened, in its order. The hasher and the hook of a tree share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Opened(u64),
    Checked(u64, usize),
    Hashed,
    Inserted(u64, usize),
    /// With the durable size.
    Checkpointed(u64),
    Closed(u64),
}

type Order = Arc<Mutex<Vec<Event>>>;

/// BLAKE3 that notes when it begins to hash, and panics when it is told to.
#[derive(Clone, Default)]
struct Noting {
    order: Order,
    panics: Arc<AtomicBool>,
}

impl Hasher for Noting {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        assert!(!self.panics.load(Ordering::Relaxed), "a planned panic");
        let mut order = self.order.lock().unwrap();
        if order.last() != Some(&Event::Hashed) {
            order.push(Event::Hashed);
        }
        Blake3Hasher.hash_children(children)
    }
}

type Tree = RotorTree<Noting, 2, 32>;
type Call = Box<dyn Fn() + Send + Sync>;

/// A hook that notes its calls, compares what readers see with what it may expect, and refuses one
/// leaf.
#[derive(Default)]
struct Recorder {
    order: Order,
    refused: Mutex<Option<Hash>>,
    tree: Mutex<Option<Published>>,
    /// Run within `check` and within `inserted`.
    on_check: Mutex<Option<Call>>,
    on_inserted: Mutex<Option<Call>>,
    on_moment: Mutex<Option<Call>>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    fn snapshot(&self) -> Arc<dyn AnySnapshot> {
        self.tree.lock().unwrap().as_ref().unwrap().snapshot()
    }

    fn durable_size(&self) -> u64 {
        let tree = self.tree.lock().unwrap();
        tree.as_ref().unwrap().durable_snapshot().size()
    }

    fn note(&self, event: Event) {
        self.order.lock().unwrap().push(event);
    }

    fn take(&self) -> Vec<Event> {
        let mut events = std::mem::take(&mut *self.order.lock().unwrap());
        // The probes of the hasher's fingerprint.
        events.dedup();
        events
    }
}

impl InsertHook for Recorder {
    fn opened(&self, tree: Published) -> Result<(), RotorTreeError> {
        self.note(Event::Opened(tree.snapshot().size()));
        *self.tree.lock().unwrap() = Some(tree);
        Ok(())
    }

    fn check(&self, first: u64, leaves: &[Hash]) -> Result<(), RotorTreeError> {
        self.note(Event::Checked(first, leaves.len()));
        assert_eq!(self.snapshot().size(), first);
        if let Some(call) = &*self.on_check.lock().unwrap() {
            call();
        }
        let refused = *self.refused.lock().unwrap();
        match leaves.iter().position(|leaf| Some(*leaf) == refused) {
            Some(position) => Err(Refusal::new(position, RefusalReason::Zero).into()),
            None => Ok(()),
        }
    }

    fn inserted(&self, first: u64, leaves: &[Hash]) {
        self.note(Event::Inserted(first, leaves.len()));
        assert_eq!(self.snapshot().size(), first, "no reader sees the leaves");
        if let Some(call) = &*self.on_inserted.lock().unwrap() {
            call();
        }
    }

    fn checkpointed(&self) {
        self.note(Event::Checkpointed(self.durable_size()));
        if let Some(call) = &*self.on_moment.lock().unwrap() {
            call();
        }
    }

    fn closed(&self) {
        self.note(Event::Closed(self.durable_size()));
        if let Some(call) = &*self.on_moment.lock().unwrap() {
            call();
        }
    }
}

fn config() -> Builder<2, Noting> {
    limit_this_process();
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .large_batch_bytes(8192)
        .max_unflushed_bytes(48 << 10)
}

fn open(storage: Arc<dyn Storage>, hook: &Arc<Recorder>) -> Tree {
    let hasher = Noting {
        order: Arc::clone(&hook.order),
        panics: Arc::default(),
    };
    let hook = Arc::clone(hook);
    let builder = config().storage(storage).insert_hook(hook);
    builder.open(hasher).unwrap()
}

/// An insert of some form, and the leaves that it takes.
type Form = (
    &'static str,
    usize,
    fn(&Tree, &[Hash]) -> Result<(), RotorTreeError>,
);

/// Every way into a tree: batches recorded in the log, batches whose chunks are put ahead of their
/// record, and batches that are written to the log in pieces.
const FORMS: [Form; 9] = [
    ("insert", 1, |tree, leaves| tree.insert(leaves[0]).map(drop)),
    ("insert_many", 40, |tree, leaves| {
        tree.insert_many(leaves).map(drop)
    }),
    ("insert_durable", 1, |tree, leaves| {
        tree.insert_durable(leaves[0]).map(drop)
    }),
    ("append_durable", 40, |tree, leaves| {
        tree.append_durable(leaves).map(drop)
    }),
    ("try_insert", 1, |tree, leaves| {
        tree.try_insert(leaves[0]).map(drop)
    }),
    ("try_insert_many", 700, |tree, leaves| {
        tree.try_insert_many(leaves).map(drop)
    }),
    ("with metadata", 1, |tree, leaves| {
        tree.append(leaves).metadata(b"block").submit().map(drop)
    }),
    ("chunks put ahead of the record", 700, |tree, leaves| {
        tree.insert_many(leaves).map(drop)
    }),
    ("chunks, larger than the bound", 3000, |tree, leaves| {
        tree.append(leaves).durable().map(drop)
    }),
];

/// A batch in pieces of the log: no whole chunks are put ahead of it.
fn streaming(storage: Arc<dyn Storage>, hook: &Arc<Recorder>) -> Tree {
    let hasher = Noting {
        order: Arc::clone(&hook.order),
        panics: Arc::default(),
    };
    let builder = config().storage(storage).large_batch_bytes(usize::MAX);
    builder
        .insert_hook(Arc::clone(hook) as _)
        .open(hasher)
        .unwrap()
}

#[test]
fn a_hook_is_asked_before_the_first_hash_of_every_insert_and_told_after_the_last() {
    for open in [open, streaming] {
        let hook = Arc::new(Recorder::default());
        let tree = open(Arc::new(MemoryStorage::new()), &hook);
        assert_eq!(hook.take().last(), Some(&Event::Opened(0)));
        let leaves = sample_leaves(1, 10_000);
        for (name, len, insert) in FORMS {
            let size = tree.size();
            insert(&tree, &leaves[size as usize..][..len]).unwrap();
            let mut events = hook.take();
            // The first leaf of a tree is its root, without a hash.
            events.retain(|event| size > 0 || *event != Event::Hashed);
            let hashed = (size > 0).then_some(Event::Hashed);
            let expected = [Event::Checked(size, len)].into_iter().chain(hashed);
            let expected: Vec<_> = expected.chain([Event::Inserted(size, len)]).collect();
            assert_eq!(events, expected, "{name}");
            assert_eq!(tree.size(), size + len as u64, "{name}");
        }
        tree.append(&[]).metadata(b"alone").submit().unwrap();
        assert_eq!(hook.take(), [], "an entry without leaves asks no hook");
    }
}

#[test]
fn a_refused_insert_of_every_form_changes_nothing_and_names_the_leaf() {
    for open in [open, streaming] {
        let hook = Arc::new(Recorder::default());
        let files = SimFiles::new();
        let counter = Counter::default();
        let tree = open(counter.storage(&files, SHARD_CHUNKS), &hook);
        let leaves = sample_leaves(2, 10_000);
        tree.insert_many_durable(&leaves[..51]).unwrap();
        for (name, len, insert) in FORMS {
            let batch = &leaves[51..51 + len];
            let position = len * 2 / 3;
            *hook.refused.lock().unwrap() = Some(batch[position]);
            hook.take();
            let before = (tree.head(), tree.metadata(), tree.stats().pending_bytes);
            counter.take();
            let refused = insert(&tree, batch).unwrap_err();
            let counts = counter.take();
            assert_eq!((counts.written, counts.changed), (0, 0), "{name}");
            let now = (tree.head(), tree.metadata(), tree.stats().pending_bytes);
            assert_eq!(now, before, "{name}");
            assert_eq!(hook.take(), [Event::Checked(51, len)], "{name}");
            let RotorTreeError::Refused(refusal) = refused else {
                panic!("{name}: {refused}");
            };
            assert_eq!(refusal.position, position, "{name}");
            assert!(matches!(refusal.reason, RefusalReason::Zero), "{name}");
        }
        *hook.refused.lock().unwrap() = None;
        tree.insert_many_durable(&leaves[51..9000]).unwrap();
        tree.close().unwrap();
        let again = open(counter.storage(&files, SHARD_CHUNKS), &hook);
        assert_eq!(again.size(), 9000);
    }
}

#[test]
fn what_the_tree_refuses_reaches_no_hook() {
    /// Takes no leaf of ones.
    #[derive(Clone)]
    struct NoOnes;
    impl Hasher for NoOnes {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            Blake3Hasher.hash_children(children)
        }
        fn check(&self, hash: &Hash) -> bool {
            *hash != [1; 32]
        }
    }
    let hook = Arc::new(Recorder::default());
    let tree = RotorTree::<_, 2, 32>::on(Arc::new(MemoryStorage::new()))
        .insert_hook(Arc::clone(&hook) as _)
        .open(NoOnes)
        .unwrap();
    hook.take();
    for batch in [vec![[1; 32]], vec![[2; 32], [1; 32]]] {
        let refused = tree.insert_many(&batch);
        assert!(matches!(
            refused,
            Err(RotorTreeError::Tree(TreeError::RefusedHash { .. }))
        ));
    }
    let misplaced = tree.append_at(7, &[[2; 32]]);
    assert!(matches!(
        misplaced,
        Err(RotorTreeError::Tree(TreeError::SizeMismatch { .. }))
    ));
    assert_eq!(hook.take(), []);
}

#[test]
fn recovery_asks_no_hook_and_shows_it_every_leaf() {
    let leaves = sample_leaves(3, 3000);
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let hook = Arc::new(Recorder::default());
    let tree = open(Arc::clone(&storage), &hook);
    tree.insert_many_durable(&leaves[..1000]).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many_durable(&leaves[1000..]).unwrap();
    tree.close().unwrap();
    // It would refuse a leaf of the checkpoint and a leaf of the log.
    for refused in [leaves[7], leaves[2999]] {
        let hook = Arc::new(Recorder::default());
        *hook.refused.lock().unwrap() = Some(refused);
        let tree = open(Arc::clone(&storage), &hook);
        let events = hook.take();
        let asked = |event: &&Event| !matches!(event, Event::Hashed | Event::Opened(_));
        assert_eq!(events.iter().filter(asked).count(), 0);
        assert_eq!(events.last(), Some(&Event::Opened(3000)));
        assert_eq!(hook.snapshot().head(), tree.head());
        assert!(tree.insert(refused).is_err());
        // A fork is a tree of its own.
        tree.snapshot().fork().unwrap().insert(refused).unwrap();
        tree.close().unwrap();
        assert_eq!(hook.snapshot().size(), 3000, "also of a closed tree");
    }
}

#[test]
fn a_hook_is_told_of_each_checkpoint_that_covers_more_and_of_the_close_once() {
    silence_planned_panics();
    let leaves = sample_leaves(7, 3000);
    for panics in [false, true] {
        let hook = Arc::new(Recorder::default());
        let tree = open(Arc::new(MemoryStorage::new()), &hook);
        if panics {
            *hook.on_moment.lock().unwrap() = Some(Box::new(|| panic!("a planned panic")));
        }
        for size in [1000, 3000] {
            tree.insert_many(&leaves[tree.size() as usize..size])
                .unwrap();
            hook.take();
            tree.checkpoint().unwrap();
            assert_eq!(hook.take(), [Event::Checkpointed(size as u64)]);
            hook.on_moment.clear_poison();
            tree.checkpoint().unwrap();
            assert_eq!(hook.take(), [], "nothing is new");
        }
        tree.insert_many(&leaves[..5]).unwrap();
        hook.take();
        let other = tree.clone();
        tree.close().unwrap();
        assert_eq!(hook.take(), [Event::Closed(3005)], "all of it is durable");
        other.close().unwrap();
        assert_eq!(hook.take(), []);
    }
    // The last handle closes.
    let hook = Arc::new(Recorder::default());
    drop(open(Arc::new(MemoryStorage::new()), &hook));
    assert_eq!(hook.take().last(), Some(&Event::Closed(0)));
}

/// Ends an opening in its own way.
#[derive(Debug)]
struct Unopened {
    panics: bool,
}

impl InsertHook for Unopened {
    fn opened(&self, _: Published) -> Result<(), RotorTreeError> {
        assert!(!self.panics, "a planned panic");
        Err(RotorTreeError::Hook("it has another plan".into()))
    }
    fn check(&self, _: u64, _: &[Hash]) -> Result<(), RotorTreeError> {
        Ok(())
    }
    fn inserted(&self, _: u64, _: &[Hash]) {}
}

#[test]
fn a_hook_that_cannot_be_opened_ends_the_opening_and_gives_the_place_back() {
    silence_planned_panics();
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    for panics in [false, true] {
        let builder = config().storage(Arc::clone(&storage));
        let builder = builder.insert_hook(Arc::new(Unopened { panics }));
        let opened = catch_unwind(AssertUnwindSafe(|| builder.open(Noting::default())));
        match opened {
            Ok(opened) => {
                let error = opened.map(drop).unwrap_err();
                assert!(matches!(error, RotorTreeError::Hook(_)), "{error}");
                assert!(error.to_string().contains("another plan"));
            }
            Err(_) => assert!(panics),
        }
        open(Arc::clone(&storage), &Arc::default()).close().unwrap();
    }
}

#[test]
fn a_hook_that_panics_while_it_checks_changes_nothing() {
    silence_planned_panics();
    let hook = Arc::new(Recorder::default());
    let tree = open(Arc::new(MemoryStorage::new()), &hook);
    let leaves = sample_leaves(4, 5000);
    tree.insert_many(&leaves[..10]).unwrap();
    for (name, len, insert) in FORMS {
        let (head, batch) = (tree.head(), &leaves[tree.size() as usize..][..len]);
        *hook.on_check.lock().unwrap() = Some(Box::new(|| panic!("a planned panic")));
        let panicked = catch_unwind(AssertUnwindSafe(|| insert(&tree, batch)));
        assert!(panicked.is_err(), "{name}");
        assert_eq!((tree.head(), tree.failure().is_none()), (head, true));
        // The panic poisoned the lock of the test's own hook.
        hook.on_check.clear_poison();
        *hook.on_check.lock().unwrap() = None;
        insert(&tree, batch).unwrap();
    }
    tree.close().unwrap();
}

#[test]
fn a_hook_that_panics_while_it_learns_fails_the_tree_and_what_was_durable_comes_back() {
    silence_planned_panics();
    let leaves = sample_leaves(5, 5000);
    for (name, len, insert) in FORMS {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let hook = Arc::new(Recorder::default());
        let tree = open(Arc::clone(&storage), &hook);
        tree.insert_many_durable(&leaves[..10]).unwrap();
        let head = tree.head();
        *hook.on_inserted.lock().unwrap() = Some(Box::new(|| panic!("a planned panic")));
        let batch = &leaves[10..10 + len];
        assert!(catch_unwind(AssertUnwindSafe(|| insert(&tree, batch))).is_err());
        assert_eq!(tree.head(), head, "{name}");
        assert!(matches!(
            tree.insert(leaves[4000]),
            Err(RotorTreeError::Storage(StorageError::FlushFailed(_)))
        ));
        assert!(tree.close().is_err(), "{name}");
        let again = open(storage, &Arc::default());
        assert_eq!(again.head(), head, "{name}");
    }
}

#[test]
fn an_insert_whose_hasher_panics_tells_its_hook_nothing_and_the_next_one_asks_it_anew() {
    silence_planned_panics();
    let hook = Arc::new(Recorder::default());
    let hasher = Noting {
        order: Arc::clone(&hook.order),
        panics: Arc::default(),
    };
    let panics = Arc::clone(&hasher.panics);
    let builder = config().storage(Arc::new(MemoryStorage::new()));
    let tree = builder
        .insert_hook(Arc::clone(&hook) as _)
        .open(hasher)
        .unwrap();
    let leaves = sample_leaves(6, 40);
    tree.insert_many(&leaves[..9]).unwrap();
    hook.take();
    for batch in [&leaves[9..10], &leaves[9..]] {
        panics.store(true, Ordering::Relaxed);
        assert!(catch_unwind(AssertUnwindSafe(|| tree.insert_many(batch))).is_err());
        panics.store(false, Ordering::Relaxed);
        assert_eq!(hook.take(), [Event::Checked(9, batch.len())]);
    }
    tree.insert_many(&leaves[9..]).unwrap();
    assert_eq!(
        hook.take(),
        [Event::Checked(9, 31), Event::Hashed, Event::Inserted(9, 31)]
    );
}

#[test]
fn a_hook_that_calls_its_own_tree_reads_it_and_is_refused_every_write() {
    let hook = Arc::new(Recorder::default());
    let tree = open(Arc::new(MemoryStorage::new()), &hook);
    let leaves = sample_leaves(7, 2000);
    tree.insert_many(&leaves[..10]).unwrap();
    let calls = Arc::new(AtomicU64::new(0));
    for on in [&hook.on_check, &hook.on_inserted] {
        let (own, calls) = (tree.clone(), Arc::clone(&calls));
        *on.lock().unwrap() = Some(Box::new(move || {
            calls.fetch_add(1, Ordering::Relaxed);
            let refused = |outcome: Result<(), StorageError>| {
                assert!(matches!(outcome, Err(StorageError::Reentered)));
            };
            for outcome in [own.insert([9; 32]), own.try_insert([9; 32])] {
                let Err(RotorTreeError::Storage(error)) = outcome else {
                    panic!("it was inserted");
                };
                refused(Err(error));
            }
            refused(own.flush());
            refused(own.checkpoint());
            refused(own.clone().close());
            let size = own.size();
            assert_eq!(own.snapshot().generate_proof(3).unwrap().tree_size, size);
            assert!(!own.wait_for_size(size + 1, std::time::Duration::MAX));
            drop(own.stats());
        }));
    }
    for batch in [&leaves[10..11], &leaves[11..40], &leaves[40..]] {
        tree.insert_many(batch).unwrap();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 6);
    for on in [&hook.on_check, &hook.on_inserted] {
        *on.lock().unwrap() = None;
    }
    tree.close().unwrap();
}
