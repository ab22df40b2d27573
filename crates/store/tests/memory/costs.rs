//! What every operation costs, counted: hashes, calls and bytes of files, syncs, manifests,
//! allocations. The table of `docs/performance.md` is these counts; a test holds the page to them.
//!
//! Each operation runs twice: on simulated files, which count the calls, and in a directory, where
//! the memory that the calling thread asks for is ours alone.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rotortree_hasher::{Hash, Hasher, ToyHasher};
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, ReadOnly, RotorTree, RotorTreeBuilder,
    chunk::{CHUNK_NODES, SHARD_CHUNKS},
    file_layer::OsFiles,
    fs::FsStorage,
    storage::{Reads, Storage},
    test_util::sim_files::SimFiles,
};
use tempfile::TempDir;

use crate::{
    common_counted::{Counter, Counts},
    counting::{alone, calls},
    store::{Watchdog, copy_dir},
};

/// A writer falls idle 50 ms after a sync.
const BEFORE_REST: Duration = Duration::from_millis(40);
/// Runs of which one finds the machine quiet enough.
const TRIES: usize = 50;

/// A hasher that counts, with the stride of BLAKE3.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

impl Hasher for Counting {
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        self.0.fetch_add(1, Ordering::Relaxed);
        ToyHasher::new().hash_children(children)
    }
}

type Tree = RotorTree<Counting, 2, 32>;
type View = ReadOnly<Counting, 2, 32>;

/// What an operation cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    hashes: u64,
    files: Counts,
    allocations: usize,
}

/// Where a store is.
trait Place: Sized {
    /// Its storage, with shards of so many chunks.
    fn storage(&self, shard_chunks: u64) -> Arc<dyn Storage>;
    /// Calls since they were taken last.
    fn take(&self) -> Counts;
    /// What a killed process leaves.
    fn killed(&self) -> Self;
    /// Length of the newest segment's file.
    fn segment_len(&self) -> u64;
}

struct Simulated(SimFiles, Counter);

impl Place for Simulated {
    fn storage(&self, shard_chunks: u64) -> Arc<dyn Storage> {
        self.1.storage(&self.0, shard_chunks)
    }
    fn take(&self) -> Counts {
        self.1.take()
    }
    fn killed(&self) -> Self {
        Self(self.0.crash_point().killed(), Counter::default())
    }
    fn segment_len(&self) -> u64 {
        let log = self.0.files_below("/tree/log");
        log.last().map_or(0, |(_, bytes)| bytes.len() as u64)
    }
}

struct Directory(TempDir);

impl Place for Directory {
    fn storage(&self, shard_chunks: u64) -> Arc<dyn Storage> {
        let path = self.0.path();
        Arc::new(FsStorage::with_shard_chunks(OsFiles, path, shard_chunks))
    }
    fn take(&self) -> Counts {
        Counts::default()
    }
    fn killed(&self) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_dir(self.0.path(), copy.path());
        Self(copy)
    }
    fn segment_len(&self) -> u64 {
        let log = fs::read_dir(self.0.path().join("log")).unwrap();
        let mut segments: Vec<_> = log.map(|entry| entry.unwrap().path()).collect();
        segments.sort();
        segments
            .last()
            .map_or(0, |path| path.metadata().unwrap().len())
    }
}

/// The operations on one place.
struct Bench<P> {
    place: P,
    shard_chunks: u64,
    hasher: Counting,
    costs: Vec<(&'static str, Cost)>,
}

impl<P: Place> Bench<P> {
    fn builder(&self) -> RotorTreeBuilder<Tree> {
        Tree::on(self.place.storage(self.shard_chunks))
            .flush_policy(FlushPolicy::Manual)
            .checkpoint_policy(CheckpointPolicy::Manual)
            .reads(Reads::Positioned)
            .verify_checkpoint(false)
    }

    fn measure<R>(&self, work: impl FnOnce() -> R) -> (R, Cost) {
        self.place.take();
        self.hasher.0.store(0, Ordering::Relaxed);
        let (result, allocations) = calls(work);
        let cost = Cost {
            hashes: self.hasher.0.load(Ordering::Relaxed),
            files: self.place.take(),
            allocations,
        };
        (result, cost)
    }

    fn counted<R>(&mut self, name: &'static str, work: impl FnOnce() -> R) -> R {
        let (result, cost) = self.measure(work);
        self.costs.push((name, cost));
        result
    }

    /// Opens a tree of which each shard but the last is full.
    fn open_in_shards(self, shards: usize) -> Cost {
        let full = (SMALL_SHARD * CHUNK_NODES) as usize;
        let leaves = sample_leaves(81, (shards - 1) * full + full / 2);
        let tree = self.builder().open(self.hasher.clone()).unwrap();
        tree.insert_many(&leaves).unwrap();
        tree.checkpoint().unwrap();
        tree.close().unwrap();
        let builder = self.builder();
        let hasher = self.hasher.clone();
        let (tree, cost) = self.measure(|| builder.open(hasher));
        assert_eq!(tree.unwrap().size(), leaves.len() as u64);
        cost
    }

    /// Waits until the writer has fallen idle, and has left its mark and given room back.
    fn rest(&self, tree: &Tree) {
        let view = || self.builder().open_read_only(self.hasher.clone()).unwrap();
        while view().head() != tree.head()
            || tree.stats().log_segment_bytes != self.place.segment_len()
        {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// `None` if the machine was too busy to keep the writer from falling idle.
    fn run(mut self) -> Option<Vec<(&'static str, Cost)>> {
        let leaves = sample_leaves(80, 30_000);
        let tree = self.builder().open(self.hasher.clone()).unwrap();
        tree.insert_many(&leaves[..20_000]).unwrap();
        tree.checkpoint().unwrap();
        tree.insert_durable(leaves[20_000]).unwrap();
        self.rest(&tree);

        let inserted = self.counted("`insert`", || tree.insert(leaves[20_001]).map(drop));
        inserted.unwrap();
        let inserted = self.counted("`insert_many` of 1000", || {
            tree.insert_many(&leaves[20_002..21_002]).map(drop)
        });
        inserted.unwrap();
        self.counted("`flush` of these 1001, after a rest", || tree.flush())
            .unwrap();
        self.rest(&tree);
        let began = Instant::now();
        for leaf in &leaves[21_002..21_005] {
            tree.insert_durable(*leaf).unwrap();
        }
        let inserted = self.counted("`insert_durable`, the log in use", || {
            tree.insert_durable(leaves[21_005])
        });
        inserted.unwrap();
        if began.elapsed() > BEFORE_REST {
            // The writer may have fallen idle in between, and have given its file back.
            return None;
        }
        self.counted("`snapshot`", || tree.snapshot());
        self.rest(&tree);
        self.counted("`checkpoint` of 1006 leaves", || tree.checkpoint())
            .unwrap();
        self.rest(&tree);
        self.counted("`close`, all covered", || tree.close())
            .unwrap();

        let name = "open, closed, all covered";
        let builder = self.builder();
        let hasher = self.hasher.clone();
        let tree = self.counted(name, || builder.open(hasher)).unwrap();
        let leaf = 5_000;
        let prove = |snapshot: &rotortree_lean_imt::TreeSnapshot<2, 32>| {
            snapshot.generate_proof(leaf).unwrap();
        };
        let snapshot = tree.snapshot();
        self.counted("proof, cold", || prove(&snapshot));
        self.counted("proof of the same leaf, hot", || prove(&snapshot));

        let view: View = self.builder().open_read_only(self.hasher.clone()).unwrap();
        self.counted("`refresh`, nothing new", || view.refresh())
            .unwrap();
        tree.insert_many(&leaves[21_006..22_006]).unwrap();
        tree.flush().unwrap();
        self.rest(&tree);
        view.refresh().unwrap();
        tree.insert_many(&leaves[22_006..23_006]).unwrap();
        tree.flush().unwrap();
        self.rest(&tree);
        self.counted("`refresh`, 1000 leaves in one group more", || {
            view.refresh()
        })
        .unwrap();

        self.place = self.place.killed();
        let builder = self.builder();
        let hasher = self.hasher.clone();
        let name = "open, killed, 2000 leaves in the log";
        let again = self.counted(name, || builder.open(hasher)).unwrap();
        assert_eq!(again.head(), tree.head());
        Some(self.costs)
    }
}

fn run<P: Place>(place: impl Fn() -> P) -> Vec<(&'static str, Cost)> {
    let bench = |shard_chunks| Bench {
        place: place(),
        shard_chunks,
        hasher: Counting::default(),
        costs: Vec::new(),
    };
    let mut tries = (0..TRIES).filter_map(|_| bench(SHARD_CHUNKS).run());
    let costs = tries.next();
    let mut costs = costs.expect("four syncs within the time before a rest");
    for (name, shards) in IN_SHARDS {
        let cost = bench(SMALL_SHARD).open_in_shards(shards);
        costs.push((name, cost));
    }
    costs
}

/// The rows that show that an opening takes the same files at any size.
const IN_SHARDS: [(&str, usize); 2] = [
    ("open, closed, leaves in 3 shards", 3),
    ("open, closed, leaves in 25 shards", 25),
];
/// Chunks of a shard in them, instead of the 2^18 that a test cannot fill.
const SMALL_SHARD: u64 = 128;

fn row(name: &str, cost: &Cost, allocations: usize) -> String {
    let Cost { hashes, files, .. } = cost;
    let Counts {
        opened,
        read,
        written,
        syncs,
        manifests,
        listed,
        changed,
    } = files;
    format!(
        "| {name} | {hashes} | {opened} + {listed} | {read} | {written} | {changed} | {syncs} | \
         {manifests} | {allocations} |"
    )
}

const HEAD: &str = "| operation | hashes | files opened + folders listed | bytes read | bytes written \
                    | changed | syncs | manifests | allocations |";

#[test]
fn the_page_tells_what_every_operation_costs() {
    let _watchdog = Watchdog::start("the costs", Duration::from_secs(120));
    alone(|| {
        let simulated = run(|| Simulated(SimFiles::new(), Counter::default()));
        let directory = run(|| Directory(tempfile::tempdir().unwrap()));
        let pairs = simulated.into_iter().zip(directory);
        let rows: Vec<String> = pairs
            .map(|((name, cost), (_, memory))| {
                assert_eq!(cost.hashes, memory.hashes, "{name}");
                row(name, &cost, memory.allocations)
            })
            .collect();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/performance.md");
        let page = fs::read_to_string(page).unwrap();
        let table = page.split_once(HEAD).expect("the table of counts").1;
        let told = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let told: Vec<_> = told.collect();
        // How often the standard library asks for memory belongs to a platform.
        let same = |told: &str, row: &str| {
            let cut = |row: &str| row.rsplitn(3, '|').last().map(str::to_owned);
            told == row || cfg!(not(target_os = "linux")) && cut(told) == cut(row)
        };
        let is_same = told.len() == rows.len() && told.iter().zip(&rows).all(|(a, b)| same(a, b));
        assert!(
            is_same,
            "the page tells otherwise than:\n{}",
            rows.join("\n")
        );
    });
}
