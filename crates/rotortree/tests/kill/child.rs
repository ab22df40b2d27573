//! The process that is killed: it inserts from several threads and reports every durable head.

use std::{
    env,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, DurabilityToken, FlushPolicy, Reads, RotorTreeConfig,
    RotorTreeError, TieringConfig, TreeError,
};

use crate::{
    common::{PATIENCE, Tree, leaves, quiet},
    lines::{say, tell},
    random::Random,
};

/// The variable that makes this binary a child.
pub(super) const ORDERS: &str = "ROTORTREE_KILL_ORDERS";
/// In the line about what opening recovered, all of which is durable.
pub(super) const OPENED: &str = "head: opened";
/// In every later line with a head.
pub(super) const DURABLE: &str = "head: durable";
/// In the lines that say what the child is about to do.
const PHASE: &str = "phase: ";

/// The phase of a child when it was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Starting, or opening and recovering.
    Opening,
    /// Inserting, flushing, rotating, with checkpoints in the background.
    Working,
    /// Also within a checkpoint that it asked for.
    Checkpoint,
    /// Closing.
    Closing,
}

impl Phase {
    pub(super) const ALL: [Self; 4] = [
        Self::Opening,
        Self::Working,
        Self::Checkpoint,
        Self::Closing,
    ];

    /// The event as a line.
    pub(super) fn line(self) -> String {
        format!("{PHASE}{self:?}")
    }

    /// The phase that a line says has begun, if it does.
    pub(super) fn begun(line: &str) -> Option<Self> {
        let (_, name) = line.split_once(PHASE)?;
        Self::ALL
            .into_iter()
            .find(|phase| format!("{phase:?}") == name.trim_end())
    }
}

/// The orders of a child.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orders {
    /// Decides on policies, bounds and what the threads do.
    pub(super) seed: u64,
    /// Whether every entry carries the size after it as metadata.
    pub(super) metadata: bool,
    /// Whether the child closes its tree from time to time and opens it again.
    pub(super) closes: bool,
}

impl Orders {
    pub(super) fn to_line<const N: usize>(self, dir: &Path) -> String {
        let Self {
            seed,
            metadata,
            closes,
        } = self;
        format!("{N} {seed} {metadata} {closes} {}", dir.display())
    }
}

/// The child's whole life. Without orders, as one test among others, it has nothing to do.
#[test]
fn inserts_until_it_is_killed() {
    let Ok(line) = env::var(ORDERS) else {
        return;
    };
    // If the parent was killed, nothing else ends this process.
    thread::spawn(|| {
        thread::sleep(PATIENCE * 4);
        std::process::exit(1);
    });
    let mut words = line.splitn(5, ' ');
    let mut word = || words.next().unwrap();
    let (arity, seed, metadata, closes) = (word(), word(), word(), word());
    let orders = Orders {
        seed: seed.parse().unwrap(),
        metadata: metadata.parse().unwrap(),
        closes: closes.parse().unwrap(),
    };
    let dir = Path::new(word());
    match arity {
        "2" => serve::<2>(orders, dir),
        "4" => serve::<4>(orders, dir),
        _ => panic!("no such arity: {arity}"),
    }
}

fn serve<const N: usize>(orders: Orders, dir: &Path) {
    let mut random = Random::new(orders.seed);
    loop {
        say(&Phase::Opening.line());
        let tree = open::<N>(&mut random, dir);
        tell(OPENED, tree.head());
        say(&Phase::Working.line());
        let until = orders
            .closes
            .then(|| Instant::now() + Duration::from_micros(random.below(15_000)));
        work(&tree, orders, &mut random, until);
        say(&Phase::Closing.line());
        let head = tree.head();
        tree.close().unwrap();
        tell(DURABLE, head);
    }
}

/// Inserts from several threads until it is time to close, if ever.
fn work<const N: usize>(
    tree: &Tree<N>,
    orders: Orders,
    random: &mut Random,
    until: Option<Instant>,
) {
    // Held while an entry with metadata is put together: its leaves and its metadata follow from
    // the size.
    let turn = Mutex::new(());
    let append = |count: u64| append(tree, orders.metadata.then_some(&turn), count);
    let seeds: Vec<u64> = (0..4).map(|_| random.below(u64::MAX)).collect();
    let over = AtomicBool::new(false);
    let goes_on = || !over.load(Ordering::Relaxed);
    thread::scope(|scope| {
        scope.spawn(|| {
            while goes_on() {
                let token = append(1);
                token.wait().unwrap();
                tell(DURABLE, token.head());
            }
        });
        scope.spawn(|| {
            let mut random = Random::new(seeds[1]);
            while goes_on() {
                let count = [2, 17, 130, 1000][random.below(4) as usize];
                let token = append(1 + random.below(count));
                if token
                    .wait_timeout(Duration::from_millis(random.below(20)))
                    .unwrap()
                {
                    tell(DURABLE, token.head());
                }
            }
        });
        scope.spawn(|| {
            let mut random = Random::new(seeds[2]);
            while goes_on() {
                let token = append(1 + random.below(3));
                if token.is_durable() {
                    tell(DURABLE, token.head());
                }
                thread::sleep(Duration::from_micros(random.below(300)));
            }
        });
        let mut random = Random::new(seeds[3]);
        while until.is_none_or(|until| Instant::now() < until) {
            match random.below(4) {
                0 => {
                    say(&Phase::Checkpoint.line());
                    tree.checkpoint().unwrap();
                    say(&Phase::Working.line());
                }
                1 => tree.flush().unwrap(),
                _ => thread::sleep(Duration::from_micros(random.below(4_000))),
            }
            tell(DURABLE, tree.durable_snapshot().head());
        }
        over.store(true, Ordering::Relaxed);
    });
}

fn open<const N: usize>(random: &mut Random, dir: &Path) -> Tree<N> {
    let config = RotorTreeConfig {
        flush_policy: match random.below(3) {
            0 => FlushPolicy::Manual,
            1 => FlushPolicy::Interval(Duration::from_micros(200)),
            _ => FlushPolicy::default(),
        },
        checkpoint_policy: match random.below(4) {
            0 => CheckpointPolicy::Manual,
            1 => CheckpointPolicy::OnClose,
            2 => CheckpointPolicy::EveryNEntries(20 + random.below(100)),
            _ => CheckpointPolicy::MemoryThreshold(100_000),
        },
        tiering: TieringConfig {
            pin_above_level: [0, 3, usize::MAX][random.below(3) as usize],
        },
        verify_checkpoint: random.below(2) == 0,
        ..quiet(dir)
    };
    let reads = [Reads::Mapped, Reads::Positioned][random.below(2) as usize];
    Tree::builder(config)
        .max_unflushed_bytes([4096, 1 << 20][random.below(2) as usize])
        .segment_bytes([8192, 1 << 16, 1 << 28][random.below(3) as usize])
        .reads(reads)
        .open(Blake3Hasher)
        .unwrap()
}

/// Appends the next `count` leaves, whichever those are by then.
fn append<const N: usize>(tree: &Tree<N>, turn: Option<&Mutex<()>>, count: u64) -> DurabilityToken {
    if let Some(turn) = turn {
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let size = tree.size();
        let leaves = leaves(size..size + count);
        let reached = (size + count).to_le_bytes();
        return tree.insert_many_with_metadata(&leaves, &reached).unwrap().1;
    }
    loop {
        let size = tree.size();
        match tree.append_at(size, &leaves(size..size + count)) {
            Ok((_, token)) => return token,
            // Another thread was quicker.
            Err(RotorTreeError::Tree(TreeError::SizeMismatch { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
