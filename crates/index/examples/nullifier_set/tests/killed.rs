//! A process that spends block after block is killed at any moment, again and again.
//!
//! `ROTORTREE_KILLS` sets the number of kills.

use std::ops::Range;

use rotortree_hasher::Hash;
use rotortree_lean_imt::LeanIMT;
use rotortree_poseidon::PoseidonHasher;

use super::*;

const DIRECTORY: &str = "NULLIFIER_SET_DIRECTORY_OF_BLOCKS";

/// Kills unless the environment says otherwise: a few seconds.
const KILLS: u64 = 12;

/// Kills of one set, so that opening stays quick.
const SET: u64 = 25;

/// The longest that a process lives on, in microseconds: about a block.
const LONGEST: u64 = 8_000;

/// The nullifiers of a block: most go to the log in pieces.
fn block(number: u64) -> Vec<Hash> {
    nullifiers(number, 1 + number * 1237 % 3000)
}

/// The process that is killed is a test of this very program.
#[test]
fn spends_block_after_block_if_it_is_told_a_directory() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let set = NullifierSet::open(directory.as_ref()).unwrap();
    let mut out = io::stdout().lock();
    for number in set.block() + 1.. {
        let block = block(number);
        writeln!(out, "\nspending {number}").unwrap();
        set.spend(number, &block).unwrap();
        writeln!(out, "spent {number}").unwrap();
        if number % 7 == 0 {
            set.save().unwrap();
        }
    }
}

/// Kills a process some time after it has told so many lines: that it spends a block, that it is
/// spent, and so on. Returns the last block that it told is spent, and whether it was spending the
/// next one.
fn kill_one(directory: &Path, lines: u64, after: Duration) -> (u64, bool) {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "tests::killed::spends_block_after_block_if_it_is_told_a_directory",
            "--exact",
            "--nocapture",
        ])
        .env(DIRECTORY, directory);
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let told = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut told = told
        .map(Result::unwrap)
        .filter(|line| line.starts_with("spen"));
    let (mut last, mut is_spending) = (0, false);
    let mut hear = |line: String| {
        let spent = line.strip_prefix("spent ");
        is_spending = spent.is_none();
        last = spent.map_or(last, |number| number.parse().unwrap());
    };
    for _ in 0..lines {
        hear(told.next().expect("it goes on until it is killed"));
    }
    thread::sleep(after);
    process.kill().unwrap();
    process.wait().unwrap();
    // A line is written as a whole or not at all.
    told.for_each(hear);
    (last, is_spending)
}

#[test]
fn no_kill_loses_a_block_or_lets_a_nullifier_be_spent_twice() {
    let kills = env::var("ROTORTREE_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let (mut blocks, mut within) = (0, 0);
    for first in (0..kills).step_by(SET as usize) {
        let met = kill_all(first..kills.min(first + SET));
        blocks += met.0;
        within += met.1;
    }
    println!("{kills} kills, {within} of them within a block; {blocks} blocks");
    assert!(within > 0 && blocks > 0, "{within} within {blocks} blocks");
}

/// Kills processes of one set. Returns the blocks that it has then, and the kills within one.
fn kill_all(kills: Range<u64>) -> (u64, u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = LeanIMT::<_, 2, 32>::new(PoseidonHasher::new());
    let (mut blocks, mut within) = (0, 0);
    for kill in kills {
        // Some die while they open the set, the others anywhere in a block or between two.
        let after = Duration::from_micros(kill * 7_919_311 % LONGEST);
        let (spent, was_spending) = kill_one(directory.path(), kill * 3 % 8, after);
        within += u64::from(was_spending);
        let set = NullifierSet::open(directory.path()).unwrap();
        let found = set.block();
        assert!(
            spent <= found,
            "block {spent} was acknowledged, and {found} is the last"
        );
        for number in blocks + 1..=found {
            tree.insert_many(&block(number)).unwrap();
        }
        blocks = found;
        assert_eq!(
            (set.size(), set.root()),
            (tree.size(), tree.root()),
            "whole blocks"
        );
        // It reads every leaf.
        if kill % 4 == 3 {
            set.verify().unwrap();
        }
        assert_eq!(
            set.find(&block(found + 1)[0]).unwrap(),
            None,
            "the next one is not spent"
        );
        for number in [1, found / 2, found]
            .into_iter()
            .filter(|number| (1..=found).contains(number))
        {
            let mut again = block(found + 1);
            again.push(*block(number).last().unwrap());
            for spent in [&block(number), &again] {
                let refused = set.spend(found + 1, spent);
                assert!(
                    matches!(refused, Err(RotorTreeError::Refused(_))),
                    "block {number}"
                );
            }
        }
        assert_eq!(
            (set.block(), set.size()),
            (found, tree.size()),
            "and nothing has changed"
        );
    }
    (blocks, within)
}
