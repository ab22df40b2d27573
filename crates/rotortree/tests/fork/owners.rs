//! Processes, threads and forked children that race for one directory: one owner at a time, again
//! and again.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rotortree::{Blake3Hasher, LeanIMT, RotorTreeError, StorageError};

use crate::{
    common::{PATIENCE, Tree, leaf, leaves, quiet},
    forked::{Ending, fork},
};

/// The variable that makes this binary a contender.
const DIRECTORY: &str = "ROTORTREE_TEST_RACE";
/// The number of times that each contender owns the tree.
const TURNS: u64 = 6;
const THREADS: u64 = 2;
const PROCESSES: u64 = 2;
const FORKS: u64 = 6;

/// Owns the tree in `dir` for `TURNS` times, appending a leaf each time.
fn contend(dir: &Path, name: u64) {
    let started = Instant::now();
    let mut turns = 0;
    while turns < TURNS {
        assert!(started.elapsed() < PATIENCE, "{turns} turns in a minute");
        // Spread a little, differently for each.
        let pause = Duration::from_micros(50 + (name * 97 + turns * 41) % 400);
        match Tree::<2>::open(Blake3Hasher, quiet(&dir.join("tree"))) {
            Ok(tree) => {
                // No other process may own it now.
                let mark = dir.join("owner");
                fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&mark)
                    .expect("one owner at a time");
                let size = tree.size();
                let (_, token) = tree.append_at(size, &[leaf(size)]).unwrap();
                thread::sleep(pause);
                if turns % 2 == 0 {
                    token.wait().unwrap();
                }
                fs::remove_file(&mark).unwrap();
                tree.close().unwrap();
                turns += 1;
            }
            Err(RotorTreeError::Storage(StorageError::FileLocked)) => {}
            Err(error) => panic!("neither owner nor locked out: {error}"),
        }
        thread::sleep(pause);
    }
}

/// Not a test of its own: the contenders of another process.
#[test]
fn contends_from_another_process() {
    let Some(dir) = env::var_os(DIRECTORY) else {
        return;
    };
    let name = u64::from(std::process::id());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let dir = Path::new(&dir);
            scope.spawn(move || contend(dir, name + thread));
        }
    });
}

#[test]
fn of_processes_threads_and_forks_that_race_for_a_directory_one_owns_it_at_a_time() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    let processes: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "owners::contends_from_another_process"])
                .env(DIRECTORY, dir)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    thread::scope(|scope| {
        for name in 0..THREADS {
            scope.spawn(move || contend(dir, name));
        }
        // Forked while this process's own threads open, own and close.
        let forks: Vec<_> = (0..FORKS)
            .map(|name| {
                thread::sleep(Duration::from_millis(2));
                fork(Ending::AtOnce, || contend(dir, 100 + name))
            })
            .collect();
        forks.into_iter().for_each(|child| child.ends_well());
    });
    for mut process in processes {
        // Each has a watchdog of its own.
        assert!(process.wait().unwrap().success());
    }
    let contenders = THREADS + PROCESSES * THREADS + FORKS;
    let tree = Tree::<2>::open(Blake3Hasher, quiet(&dir.join("tree"))).unwrap();
    println!("{} owners, one after another", contenders * TURNS);
    assert_eq!(tree.size(), contenders * TURNS);
    let mut expected = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    expected.insert_many(&leaves(0..tree.size())).unwrap();
    assert_eq!(tree.head(), expected.head());
}
