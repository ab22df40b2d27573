//! A system that refuses new threads, for a moment and for good: in a process of its own,
//! under `RLIMIT_NPROC`.
//!
//! The limit counts for other users than root alone, so the child becomes one. Where this process
//! is not root, there is nothing to test with; the same is tested inside the crate by a runtime
//! that refuses.

use std::{
    env,
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use rotortree::{Blake3Hasher, CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeConfig};

use crate::{
    common::{leaf, leaves},
    methods::eventually,
};

const CHILD: &str = "ROTORTREE_TEST_NO_THREAD";

#[test]
#[expect(unsafe_code, reason = "asking who runs this")]
fn the_background_works_again_after_a_moment_without_threads_and_is_done_without() {
    // SAFETY: reads the user of this process.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let user = 54_321;
    std::os::unix::fs::chown(dir.path(), Some(user), Some(user)).unwrap();
    let own_path = env::current_exe().unwrap();
    let output = Command::new(own_path)
        .args([
            "no_thread::child",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{complained}");
    assert!(told.contains("1 passed"), "{told}");
}

#[expect(unsafe_code, reason = "the user of this process")]
fn become_another_user() {
    // SAFETY: passes numbers; the process was started for this test alone and gives up its rights.
    let group = unsafe { libc::setresgid(54_321, 54_321, 54_321) };
    // SAFETY: as above.
    let user = unsafe { libc::setresuid(54_321, 54_321, 54_321) };
    assert_eq!((group, user), (0, 0));
}

/// Limits the number of threads of this user.
#[expect(unsafe_code, reason = "the limit of this process")]
fn limit_threads(most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: 90_000,
    };
    // SAFETY: the structure is whole and lives until the call returns; the limit is one on this
    // process alone.
    let outcome = unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) };
    assert_eq!(outcome, 0);
}

/// Not a test of its own: the process that gets no thread.
#[test]
#[ignore = "run by the test above"]
fn child() {
    let Some(dir) = env::var_os(CHILD) else {
        return;
    };
    become_another_user();
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(Duration::from_millis(10)),
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(64 * 1024),
        ..RotorTreeConfig::new(std::path::Path::new(&dir).join("tree"))
    };
    let tree = RotorTree::<_, 4, 20>::open(Blake3Hasher, config).unwrap();
    let (_, first) = tree.insert(leaf(1)).unwrap();
    eventually("it is healthy", || first.is_durable());
    // Long enough for idle threads to end; the test is no weaker where they are still there.
    sleep(Duration::from_secs(6));

    limit_threads(1);
    let (_, second) = tree.insert(leaf(2)).unwrap();
    eventually("what the background does not do is done", || {
        second.is_durable()
    });
    // Large enough for a pool, and for several checkpoints.
    let (_, batch) = tree.insert_many(&leaves(0..20_000)).unwrap();
    eventually("a batch is flushed", || batch.is_durable());
    tree.insert(leaf(3)).unwrap();
    assert!(tree.stats().checkpoints > 0, "made by the one who inserts");
    assert!(tree.stats().unserved > 0, "and told");

    limit_threads(90_000);
    let before = tree.stats().unserved;
    let (_, third) = tree.insert(leaf(4)).unwrap();
    eventually("the background works again", || third.is_durable());
    assert_eq!(tree.stats().unserved, before);
    tree.close().unwrap();
}
