//! One owner of a directory: across processes, threads and a removed lock file.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Barrier,
};

use rotortree_store::{
    StorageError, fs::FsStorage, storage::Storage, test_util::watchdog::limit_this_process,
};

const DIRECTORY: &str = "ROTORTREE_TEST_DIRECTORY";

/// Not a test of its own: the other process, which owns the directory until its input ends.
#[test]
#[ignore = "run by the tests that need another process"]
fn another_process() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        panic!("run by the tests that need another process");
    };
    let storage = FsStorage::new(directory);
    let answer = match storage.acquire() {
        Ok(owner) => {
            answer("owner");
            std::io::stdin().lines().for_each(drop);
            drop(owner);
            "released"
        }
        Err(StorageError::FileLocked) => "locked",
        Err(_) => "failed",
    };
    self::answer(answer);
}

fn answer(word: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "answer: {word}").unwrap();
    out.flush().unwrap();
}

struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Process {
    fn start(directory: &Path) -> Self {
        limit_this_process();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "owner::another_process"])
            .args(["--ignored", "--nocapture"])
            .env(DIRECTORY, directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn answer(&mut self) -> String {
        let answers = self.lines.by_ref().map(Result::unwrap);
        let mut words = answers.filter_map(|line| {
            // The test harness may have begun a line of its own.
            let (_, word) = line.split_once("answer: ")?;
            Some(word.to_owned())
        });
        words.next().expect("the other process answers")
    }
}

fn is_locked(storage: &FsStorage) -> bool {
    match storage.acquire() {
        Ok(_) => false,
        Err(StorageError::FileLocked) => true,
        Err(error) => panic!("neither free nor locked: {error}"),
    }
}

#[test]
fn a_process_that_owns_a_directory_keeps_others_out_until_it_lets_go() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FsStorage::new(dir.path());
    let mut process = Process::start(dir.path());
    assert_eq!(process.answer(), "owner");
    assert!(is_locked(&storage));
    drop(process.child.stdin.take());
    assert_eq!(process.answer(), "released");
    assert!(process.child.wait().unwrap().success());
    assert!(!is_locked(&storage));
}

#[test]
fn a_process_that_is_killed_lets_go() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FsStorage::new(dir.path());
    let mut process = Process::start(dir.path());
    assert_eq!(process.answer(), "owner");
    assert!(is_locked(&storage));
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    assert!(!is_locked(&storage));
}

#[test]
fn another_process_is_kept_out_by_this_one() {
    let dir = tempfile::tempdir().unwrap();
    let owner = FsStorage::new(dir.path()).acquire().unwrap();
    let mut process = Process::start(dir.path());
    assert_eq!(process.answer(), "locked");
    assert!(process.child.wait().unwrap().success());
    drop(owner);
    let mut process = Process::start(dir.path());
    assert_eq!(process.answer(), "owner");
    drop(process.child.stdin.take());
    assert_eq!(process.answer(), "released");
    process.child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn another_process_is_kept_out_when_the_lock_file_was_removed() {
    let dir = tempfile::tempdir().unwrap();
    let owner = FsStorage::new(dir.path()).acquire().unwrap();
    std::fs::remove_file(dir.path().join("LOCK")).unwrap();
    let mut process = Process::start(dir.path());
    assert_eq!(process.answer(), "locked");
    process.child.wait().unwrap();
    drop(owner);
}

#[test]
fn of_threads_that_race_for_a_directory_one_wins() {
    limit_this_process();
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..20 {
        let start = Barrier::new(8);
        let owners = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let storage = FsStorage::new(dir.path().join("tree"));
                        start.wait();
                        storage.acquire()
                    })
                })
                .collect();
            // Kept until all have tried.
            let tried: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
            for result in &tried {
                assert!(matches!(result, Ok(_) | Err(StorageError::FileLocked)));
            }
            tried.iter().filter(|result| result.is_ok()).count()
        });
        assert_eq!(owners, 1);
    }
}

/// A child that another thread is starting holds copies of the lock's files until it
/// executes its program.
#[cfg(unix)]
#[test]
fn a_directory_given_up_is_free_at_once_while_processes_are_being_started() {
    limit_this_process();
    let dir = tempfile::tempdir().unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    std::process::Command::new("true").status().unwrap();
                }
            });
        }
        let storage = FsStorage::new(dir.path().join("tree"));
        let free = (0..200).all(|_| storage.acquire().map(drop).is_ok());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(free);
    });
}
