//! Processes that are killed while they insert and save, and one whose disk takes no more bytes.
//!
//! The test's own program is the child: it runs one test, which does its work if it is told a
//! directory.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use rotortree_index::{IndexError, SavePolicy};
use rotortree_store::fs::FsStorage;

use super::*;

const DIRECTORY: &str = "ROTORTREE_INDEX_TEST_DIRECTORY";

/// A process that runs one test of this program with a directory. `before` is a line of the shell.
fn child(before: &str, test: &str, directory: &Path) -> Command {
    let mut command = Command::new("sh");
    let line = format!("{before} exec \"$0\" \"$@\"");
    command.args(["-c", &line]).arg(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(DIRECTORY, directory);
    command
}

/// The directory, in a child.
fn told() -> Option<std::path::PathBuf> {
    env::var_os(DIRECTORY).map(Into::into)
}

fn open(directory: &Path) -> (Tree, LeafIndex) {
    let storage = Arc::new(FsStorage::new(directory.join("tree")));
    open_on(storage, in_file(directory).refuse_duplicates(true)).unwrap()
}

#[test]
fn child_that_inserts_and_saves() {
    let Some(directory) = told() else { return };
    let (tree, index) = open(&directory);
    loop {
        let size = tree.size();
        // Each batch is spent once, and the second try is refused.
        let batch = leaves(size..size + 1 + size % 700);
        tree.insert_many_durable(&batch).unwrap();
        let again = tree.insert_many_durable(&batch[batch.len() - 1..]);
        assert!(matches!(again, Err(RotorTreeError::Refused(_))));
        println!("durable {}", tree.size());
        println!("saved {}", index.save().unwrap());
    }
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_file_or_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut durable = 0;
    for round in 0..12u32 {
        let mut command = child("", "killed::child_that_inserts_and_saves", directory.path());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut saved = 0;
        // Between two lines the child inserts or saves; the kill comes at some moment of it.
        let mut left = 4 + round % 5;
        for line in lines {
            let line = line.unwrap();
            let number = |line: &str| line.parse::<u64>().unwrap();
            if let Some(size) = line.strip_prefix("durable ") {
                durable = number(size);
            } else if let Some(size) = line.strip_prefix("saved ") {
                saved = number(size);
            } else {
                continue;
            }
            left -= 1;
            if left == 0 {
                std::thread::sleep(std::time::Duration::from_micros(u64::from(round * 180)));
                process.kill().unwrap();
                break;
            }
        }
        process.wait().unwrap();
        let (tree, index) = open(directory.path());
        let report = index.report().unwrap();
        assert!(report.fault.is_none(), "{report:?}");
        assert!(
            report.loaded >= saved && tree.size() >= durable,
            "{report:?}"
        );
        assert_eq!(report.duplicates, 0);
        index.verify().unwrap();
        for spent in [0, tree.size() / 2, tree.size() - 1] {
            let refused = tree.insert(leaf(spent));
            assert!(
                matches!(refused, Err(RotorTreeError::Refused(_))),
                "{spent}"
            );
        }
        index.save().unwrap();
        tree.close().unwrap();
        let files = fs::read_dir(directory.path()).unwrap();
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "what was unfinished is gone: {names:?}");
    }
}

#[test]
fn child_that_inserts_and_makes_checkpoints() {
    let Some(directory) = told() else { return };
    let storage = Arc::new(FsStorage::new(directory.join("tree")));
    let options = in_file(&directory).save(SavePolicy::OnCheckpoint);
    let (tree, _index) = open_on(storage, options).unwrap();
    loop {
        let size = tree.size();
        tree.insert_many_durable(&leaves(size..size + 1 + size % 700))
            .unwrap();
        println!("durable {}", tree.size());
        tree.checkpoint().unwrap();
    }
}

#[test]
fn a_kill_between_a_checkpoint_and_its_save_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..8u32 {
        let test = "killed::child_that_inserts_and_makes_checkpoints";
        let mut command = child("", test, directory.path());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let durable = lines
            .filter_map(|line| line.unwrap().strip_prefix("durable ")?.parse().ok())
            .nth(2 + round as usize % 5);
        std::thread::sleep(std::time::Duration::from_micros(u64::from(round * 400)));
        process.kill().unwrap();
        process.wait().unwrap();
        let (tree, index) = open(directory.path());
        let report = index.report().unwrap();
        assert!(report.fault.is_none(), "{report:?}");
        // The second checkpoint at the latest has saved, and each one later that was an eighth on.
        assert!(
            report.loaded > 0 && durable <= Some(tree.size()),
            "{report:?}"
        );
        index.verify().unwrap();
        tree.close().unwrap();
    }
}

#[test]
fn child_whose_disk_is_full() {
    let Some(directory) = told() else { return };
    let storage = Arc::new(MemoryStorage::new());
    let (tree, index) = open_on(storage, in_file(&directory)).unwrap();
    tree.insert_many_durable(&leaves(0..30_000)).unwrap();
    let error = index.save().unwrap_err();
    assert!(matches!(error, IndexError::Io { .. }), "{error}");
    println!("told");
}

#[test]
fn a_full_disk_leaves_the_earlier_file_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leaves.index");
    fs::write(&path, b"the earlier file").unwrap();
    // A file of at most 16 blocks of 512 bytes; the signal would end the process.
    let before = "trap '' XFSZ; ulimit -f 16;";
    let output = child(before, "killed::child_whose_disk_is_full", directory.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("told"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), b"the earlier file");
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        1,
        "nothing unfinished is left"
    );
}
