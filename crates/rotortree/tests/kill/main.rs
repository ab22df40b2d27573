//! A process killed at any moment: what it had been told is durable is there, in order, and nothing but a prefix.
//!
//! The parent starts this test binary again as a child, which inserts from several threads and writes a line for every head that it was told
//! is durable. The parent kills it at a random moment and opens the tree. `ROTORTREE_KILLS` sets the number of kills.
//!
//! A program of its own: while a child is being started it holds copies of the descriptors of its parent, locks included.
#![cfg(all(feature = "storage", feature = "blake3"))]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a failing test has to say"
)]

mod child;
#[path = "../common/mod.rs"]
mod common;
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

use rotortree::{Blake3Hasher, Hash, LeanIMT, StorageError, TreeHead};

use crate::{
    child::Orders,
    common::{PATIENCE, Tree, leaf, quiet, storage_error},
    random::Random,
};

/// Kills unless the environment says otherwise.
const KILLS: u64 = 40;
/// Beyond so many leaves a new tree is begun, so that checking stays quick.
const LARGE: u64 = 30_000;

/// When the child is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After it was started: perhaps while it opens the tree.
    Started,
    /// After it had opened the tree.
    Opened,
    /// After it had told of something durable.
    Told,
}

#[test]
fn a_killed_process_loses_nothing_that_it_was_told_is_durable() {
    let kills = match env::var("ROTORTREE_KILLS") {
        Ok(kills) => kills.parse().unwrap(),
        Err(_) => KILLS,
    };
    let seed = match env::var("ROTORTREE_KILL_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => u64::from(std::process::id()),
    };
    println!("ROTORTREE_KILL_SEED={seed}");
    let mut told = 0;
    // Half of the kills for each: trees of one arity are never opened with the other.
    told += campaign::<2>(kills / 2, &mut Random::new(seed));
    told += campaign::<4>(kills - kills / 2, &mut Random::new(seed + 1));
    assert!(told > 0, "no child got as far as telling anything");
}

/// Kills children one after another, most of them in the directory that the one before left; how often one had told of something new.
fn campaign<const N: usize>(kills: u64, random: &mut Random) -> u64 {
    let mut dir = tempfile::tempdir().unwrap();
    let mut metadata = false;
    // What was told since the tree was last checked; the tree is sometimes left as the kill left it for the next child to recover.
    let mut told: Vec<TreeHead> = Vec::new();
    let mut rounds_told = 0;
    for round in 0..kills {
        let orders = Orders {
            seed: random.below(u64::MAX),
            metadata,
        };
        let moment = [Moment::Started, Moment::Opened, Moment::Told][random.below(3) as usize];
        let delay = Duration::from_micros(random.below(120_000));
        println!("round {round}, N = {N}: {orders:?}, {delay:?} after {moment:?}");
        let heads = kill_one::<N>(dir.path(), &orders, moment, delay);
        rounds_told += u64::from(!heads.is_empty());
        told.extend(heads);
        if random.below(3) > 0 || round + 1 == kills {
            let size = watched(dir.path(), |path| check::<N>(&path, &told, metadata));
            told.clear();
            if size > LARGE || random.below(8) == 0 {
                dir = tempfile::tempdir().unwrap();
                metadata = !metadata;
            }
        }
    }
    rounds_told
}

/// Starts a child, kills it, and gives the heads that it was told are durable.
fn kill_one<const N: usize>(
    dir: &Path,
    orders: &Orders,
    moment: Moment,
    delay: Duration,
) -> Vec<TreeHead> {
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
    let mut heads = Vec::new();
    let awaited = match moment {
        Moment::Started => None,
        Moment::Opened => Some(child::OPENED),
        Moment::Told => Some(child::DURABLE),
    };
    if let Some(awaited) = awaited {
        loop {
            let line = lines
                .recv_timeout(PATIENCE)
                .expect("the child says something");
            heads.extend(child::told(&line));
            if line.contains(awaited) {
                break;
            }
        }
    }
    if awaited.is_some() {
        // Somebody else lives: nobody may write, and whoever reads sees what is durable.
        let outcome = Tree::<N>::open(Blake3Hasher, quiet(dir));
        assert!(matches!(storage_error(outcome), StorageError::FileLocked));
        let reader = Tree::<N>::open_read_only(Blake3Hasher, quiet(dir)).unwrap();
        heads.extend(reader.head());
    }
    let due = Instant::now() + delay;
    loop {
        match lines.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(line) => heads.extend(child::told(&line)),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the child ended by itself: {:?}", child.wait())
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had written before it died.
    heads.extend(lines.iter().filter_map(|line| child::told(&line)));
    heads
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

/// Opens the tree and checks that it is a prefix that contains everything told; its size.
fn check<const N: usize>(dir: &Path, told: &[TreeHead], metadata: bool) -> u64 {
    let tree = Tree::<N>::open(Blake3Hasher, quiet(dir)).unwrap();
    let report = tree.recovery_report();
    assert_eq!(report.damage, None, "{report:?}");
    let size = tree.size();
    let mut expected = LeanIMT::<_, N, 32>::new(Blake3Hasher);
    if size > 0 {
        let leaves: Vec<Hash> = (0..size).map(leaf).collect();
        expected.insert_many(&leaves).unwrap();
    }
    assert_eq!(tree.head(), expected.head(), "{report:?}");
    assert_eq!(tree.durable_snapshot().head(), tree.head());
    let snapshot = tree.snapshot();
    let longest = told.iter().map(|head| head.size).max();
    assert!(
        longest.is_none_or(|longest| longest <= size),
        "{longest:?} was durable, {size} are there"
    );
    for head in told {
        assert_eq!(snapshot.snapshot_at(head.size).unwrap().head(), Some(*head));
    }
    // An entry's metadata and its leaves are there together.
    let reached = (metadata && size > 0).then(|| size.to_le_bytes().to_vec());
    assert_eq!(tree.metadata(), reached);
    tree.verify().unwrap();
    for index in [0, size / 2, size.saturating_sub(1)] {
        if let Some(head) = tree.head() {
            let proof = snapshot.generate_proof(index).unwrap();
            assert!(proof.verify_against(&Blake3Hasher, head).unwrap());
        }
    }
    tree.close().unwrap();
    size
}

/// Runs a check on a thread of its own, and fails instead of hanging if it does not end.
fn watched(dir: &Path, check: impl FnOnce(std::path::PathBuf) -> u64 + Send) -> u64 {
    thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        let dir = dir.to_owned();
        scope.spawn(move || sender.send(check(dir)));
        match done.recv_timeout(PATIENCE * 2) {
            Ok(size) => size,
            Err(RecvTimeoutError::Disconnected) => panic!("the check failed"),
            Err(RecvTimeoutError::Timeout) => {
                eprintln!("opening and checking the tree did not end");
                // The thread that hangs would keep this one from failing.
                std::process::abort()
            }
        }
    })
}
