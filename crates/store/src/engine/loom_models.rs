//! Every interleaving, within bounds, of threads that insert, wait, fail and close: the engine
//! itself, with loom's locks, on a storage in memory whose syncs take time.
//!
//! | file | what |
//! | --- | --- |
//! | `disk` | the storage: what it acknowledged, and failing when told to |
//! | `waiting` | group commit while all goes well: leaders, waiters, futures, closing |
//! | `failing` | a sync that fails or panics |
//! | `beginning` | the first write after an opening that wrote nothing |
//! | `background` | ticks, marks, checkpoints |
//! | `heads` | recent heads beside publishing |
//!
//! loom's timed waits never time out. A lost wake-up is therefore a deadlock, which loom reports,
//! even if the engine itself would look again later. The models do not cover `arc-swap` and the
//! runtime's own threads: a lock and a thread of the model stand in for them.

mod background;
mod beginning;
mod disk;
mod failing;
mod heads;
mod waiting;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Wake, Waker},
};

use rotortree_hasher::{Blake3Hasher, Hash};

use self::disk::Disk;
use super::DurabilityToken;
use crate::{
    CheckpointPolicy, FlushPolicy, RotorTree, Runtime, settings::Settings, storage::Storage, sync,
};

type Tree = RotorTree<Blake3Hasher, 2, 8>;

/// Runs `test` in every interleaving with at most `preemptions` preemptions
/// (`ROTORTREE_LOOM_PREEMPTIONS` more), and reports the number of interleavings.
fn model(name: &str, preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let runs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&runs);
    let mut builder = loom::model::Builder::new();
    let more = std::env::var("ROTORTREE_LOOM_PREEMPTIONS").map_or(0, |more| {
        more.parse::<usize>().expect("a number of preemptions")
    });
    builder.preemption_bound = Some(preemptions + more);
    builder.max_branches = 5_000;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        test();
    });
    #[expect(clippy::print_stdout, reason = "the figure is quoted in the documents")]
    {
        println!("{name}: {} interleavings", runs.load(Ordering::Relaxed));
    }
}

/// A tree on `disk` without background work, and the runtime that advances its time.
fn open(disk: &Arc<Disk>) -> (Tree, Runtime) {
    open_with(disk, FlushPolicy::Manual)
}

fn open_with(disk: &Arc<Disk>, flush_policy: FlushPolicy) -> (Tree, Runtime) {
    let config = Settings {
        flush_policy,
        checkpoint_policy: CheckpointPolicy::Manual,
        // Their lock adds a point at which threads may switch; `heads` has its own model.
        recent_heads: 0,
        ..Settings::default()
    };
    open_as(disk, config)
}

fn open_as(disk: &Arc<Disk>, config: Settings) -> (Tree, Runtime) {
    let runtime = Runtime::new();
    let config = Settings {
        runtime: runtime.clone(),
        ..config
    };
    let storage: Arc<dyn Storage> = Arc::clone(disk) as _;
    let tree =
        Tree::open_with(Blake3Hasher, storage, config).expect("a disk that was not told to fail");
    (tree, runtime)
}

fn leaf(number: u8) -> Hash {
    [number; 32]
}

fn insert(tree: &Tree, number: u8) -> DurabilityToken {
    tree.insert(leaf(number)).expect("nothing has failed").1
}

/// Checks that a leaf reported as durable is durable.
fn assert_durable(tree: &Tree, disk: &Disk, token: &DurabilityToken, number: u8) {
    assert!(disk.has(&leaf(number)), "told before the sync returned");
    assert!(token.is_durable());
    assert!(
        tree.durable_snapshot().size() >= token.leaf_range().end,
        "told before the snapshot was published"
    );
}

/// A waker that a thread of the model can wait for.
#[derive(Default)]
struct Bell {
    rung: sync::Mutex<bool>,
    changed: sync::Condvar,
}

impl Bell {
    fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    fn wait(&self) {
        let mut rung = sync::lock(&self.rung);
        while !std::mem::take(&mut *rung) {
            rung = self.changed.wait(rung).expect("no thread panics here");
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *sync::lock(&self.rung) = true;
        self.changed.notify_all();
    }
}
