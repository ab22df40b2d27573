//! A process killed at any moment: afterwards the tree is a prefix of the inserts that contains
//! everything reported as durable.
//!
//! The parent starts this test binary again as a child, which inserts from several threads, closes
//! and opens again, and writes a line for every head that it was told is durable and for everything
//! it begins. The parent kills it at a random moment and opens the tree. `ROTORTREE_KILLS` sets the
//! number of kills; the usual 1,000 take about 35 s on two busy cores.
//!
//! Two campaigns run at once, one for each arity. While one starts a child, that child holds copies
//! of the descriptors of this process, the locks of the other campaign's tree included; a tree that
//! is closed unlocks by name, so no copy keeps a directory locked. It is a program of its own, so
//! that it kills and counts its own children only.
#![cfg(all(feature = "storage", feature = "blake3"))]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a failing test has to say"
)]

mod check;
mod child;
#[path = "../common/mod.rs"]
mod common;
mod lines;
mod random;

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use rotortree::{Blake3Hasher, StorageError, TreeHead};

use crate::{
    check::{Checker, watched},
    child::{Orders, Phase},
    common::{PATIENCE, Tree, quiet, storage_error},
    random::Random,
};

/// Kills unless the environment says otherwise.
const KILLS: u64 = 1_000;
/// So many kills hit every phase, for any seed.
const MANY: u64 = 200;
/// Beyond so many leaves a new tree is begun, so that opening stays quick.
const LARGE: u64 = 20_000;

/// When the child is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After it was started: perhaps while it opens the tree.
    Started,
    /// After it had opened the tree.
    Opened,
    /// After it had told of something durable.
    Told,
    /// After it had begun a checkpoint.
    Checkpoint,
    /// After it had begun to close the tree; only for children that do.
    Closing,
}

/// The tally of the kills of a campaign.
#[derive(Debug, Default)]
struct Met {
    kills: u64,
    /// Kills in each phase, in the order of [`Phase::ALL`].
    phases: [u64; Phase::ALL.len()],
    /// Children that had told of something durable.
    told: u64,
    /// Heads that were told, each of which was looked for.
    heads: u64,
}

#[test]
fn a_killed_process_loses_nothing_that_it_was_told_is_durable() {
    let kills = number("ROTORTREE_KILLS").unwrap_or(KILLS);
    let seed = number("ROTORTREE_KILL_SEED").unwrap_or(u64::from(std::process::id()));
    println!("ROTORTREE_KILL_SEED={seed}");
    // Half of the kills for each: trees of one arity are never opened with the other.
    let met = thread::scope(|scope| {
        let two = scope.spawn(|| campaign::<2>(kills / 2, &mut Random::new(seed)));
        let four = campaign::<4>(kills - kills / 2, &mut Random::new(seed + 1));
        [
            two.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            four,
        ]
    });
    let sum = |of: &dyn Fn(&Met) -> u64| met.iter().map(of).sum::<u64>();
    assert_eq!(sum(&|met| met.kills), kills);
    println!(
        "{kills} kills: {} children had told of something durable, {} heads were looked for",
        sum(&|met| met.told),
        sum(&|met| met.heads)
    );
    assert!(sum(&|met| met.told) > 0, "no child got as far as that");
    for (at, phase) in Phase::ALL.into_iter().enumerate() {
        let hit = sum(&|met| met.phases[at]);
        println!("{hit} kills met {phase:?}");
        assert!(hit > 0 || kills < MANY, "no kill met {phase:?}");
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Kills children one after another, most of them in the directory that the one before left.
fn campaign<const N: usize>(kills: u64, random: &mut Random) -> Met {
    let mut dir = tempfile::tempdir().unwrap();
    let mut metadata = false;
    let mut checker = Checker::<N>::new();
    // The heads told since the last check of the tree. Some kills leave the tree for the next child
    // to recover.
    let mut told: Vec<TreeHead> = Vec::new();
    let mut met = Met::default();
    for round in 0..kills {
        let orders = Orders {
            seed: random.below(u64::MAX),
            metadata,
            closes: random.below(2) == 0,
        };
        let moment = match random.below(5) {
            0 => Moment::Started,
            1 => Moment::Opened,
            2 => Moment::Told,
            3 if orders.closes => Moment::Closing,
            _ => Moment::Checkpoint,
        };
        // Most things are over in a few milliseconds; some kills come late, when there is
        // more to recover.
        let longest = [2_000, 10_000, 60_000][random.below(3) as usize];
        let delay = Duration::from_micros(random.below(longest));
        println!("round {round}, N = {N}: {orders:?}, {delay:?} after {moment:?}");
        let Killed { heads, phase } = kill_one::<N>(dir.path(), &orders, moment, delay);
        met.kills += 1;
        met.phases[Phase::ALL.iter().position(|one| *one == phase).unwrap()] += 1;
        met.told += u64::from(!heads.is_empty());
        met.heads += heads.len() as u64;
        told.extend(heads);
        if random.below(3) > 0 || round + 1 == kills {
            let size = watched(|| checker.check(dir.path(), &told, metadata));
            told.clear();
            if size > LARGE || random.below(8) == 0 {
                dir = tempfile::tempdir().unwrap();
                metadata = !metadata;
            }
        }
    }
    met
}

/// The report of a killed child.
struct Killed {
    /// The heads that it was told are durable.
    heads: Vec<TreeHead>,
    /// Its phase.
    phase: Phase,
}

impl Killed {
    fn hear(&mut self, line: &str) {
        self.heads.extend(lines::told(line));
        self.phase = Phase::begun(line).unwrap_or(self.phase);
    }
}

/// Starts a child and kills it.
fn kill_one<const N: usize>(
    dir: &Path,
    orders: &Orders,
    moment: Moment,
    delay: Duration,
) -> Killed {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "child::inserts_until_it_is_killed",
            "--nocapture",
        ])
        .env(child::ORDERS, orders.to_line::<N>(dir))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = lines_of(&mut child);
    let mut killed = Killed {
        heads: Vec::new(),
        phase: Phase::Opening,
    };
    let awaited = match moment {
        Moment::Started => None,
        Moment::Opened => Some(child::OPENED.to_owned()),
        Moment::Told => Some(child::DURABLE.to_owned()),
        Moment::Checkpoint => Some(Phase::Checkpoint.line()),
        Moment::Closing => Some(Phase::Closing.line()),
    };
    if let Some(awaited) = &awaited {
        loop {
            let line = lines
                .recv_timeout(PATIENCE)
                .expect("the child says something");
            killed.hear(&line);
            if line.contains(awaited) {
                break;
            }
        }
    }
    if awaited.is_some() {
        // Another child lives: no other process may write, and readers see the durable state. A
        // child that closes its tree may not own it right now, and must not find it locked by
        // this process.
        if !orders.closes {
            let outcome = Tree::<N>::open(Blake3Hasher, quiet(dir));
            assert!(matches!(storage_error(outcome), StorageError::FileLocked));
        }
        if matches!(moment, Moment::Opened | Moment::Told) {
            let reader = Tree::<N>::open_read_only(Blake3Hasher, quiet(dir)).unwrap();
            killed.heads.extend(reader.head());
        }
    }
    let due = Instant::now() + delay;
    loop {
        match lines.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(line) => killed.hear(&line),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the child ended by itself: {:?}", child.wait())
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The lines that the child had written before it died.
    lines.iter().for_each(|line| killed.hear(&line));
    killed
}

/// The child's lines as they come; a last one that the kill cut short is left out.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) && line.ends_with('\n') {
            if sender.send(std::mem::take(&mut line)).is_err() {
                break;
            }
        }
    });
    lines
}
