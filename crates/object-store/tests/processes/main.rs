//! Forked children, and a system that refuses threads: typed errors, and never a hang.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{
    env,
    io::{self, Read, Write},
    process::{Command, Stdio},
    sync::Arc,
};

use object_store::memory::InMemory;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{
    StorageError,
    storage::{Reads, Shard, Storage, Stream},
};

/// Names the test process that is to get no thread.
const CHILD: &str = "ROTORTREE_TEST_NO_THREAD";
/// Seconds after which a child that hangs is ended.
const PATIENCE: u32 = 30;

fn storage() -> ObjectStorage {
    ObjectStorage::new(Arc::new(InMemory::new()), "")
}

/// Forks. The child runs `child`, reports its outcome, and ends.
#[expect(unsafe_code, reason = "forking")]
fn in_a_child(child: impl FnOnce() -> Result<(), String>) -> String {
    let (mut says, mut tell) = io::pipe().unwrap();
    // SAFETY: the child relies on its one thread, on the allocator, which the system's library
    // repairs, and on locks that `child` does not take; that is what the test is about.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", io::Error::last_os_error());
    if pid == 0 {
        // SAFETY: a timer of this process, which ends it.
        unsafe { libc::alarm(PATIENCE) };
        let said = match child() {
            Ok(()) => "fine".to_owned(),
            Err(said) => said,
        };
        drop(tell.write_all(said.as_bytes()));
        // SAFETY: ends the process without anything that could rely on its parent's threads.
        unsafe { libc::_exit(0) };
    }
    drop(tell);
    let mut said = String::new();
    says.read_to_string(&mut said).unwrap();
    let mut status = 0;
    // SAFETY: waits for the child, into a number that lives.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    said
}

/// Whether an error is `Closed`, by itself or within an error of reading.
fn is_closed(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<io::Error>();
    let inner = io
        .and_then(io::Error::get_ref)
        .map(|inner| inner.is::<StorageError>());
    inner.unwrap_or(false) || error.to_string().contains("closed")
}

#[test]
fn a_forked_child_gets_an_error_from_every_call() {
    let storage = storage();
    let owner = storage.acquire().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    let shard = Shard {
        stream: Stream::Chunks,
        level: 0,
        index: 0,
    };
    let mut units = storage.start_units(&[]).unwrap();
    units.put(shard, 0, &[7; 4096]).unwrap();
    let locator = units.finish().unwrap();
    storage.commit_manifest(0, b"manifest").unwrap();
    let view = storage
        .region(&locator, shard, 1, Reads::Positioned)
        .unwrap();
    let ahead = storage.read_ahead(&locator).unwrap();
    let said = in_a_child(|| {
        let expect = |what: &str, error: Option<&(dyn std::error::Error + 'static)>| match error {
            Some(error) if is_closed(error) => Ok(()),
            other => Err(format!("{what}: {other:?}")),
        };
        expect(
            "manifest",
            storage.load_manifest().err().as_ref().map(|e| e as _),
        )?;
        let group = storage.commit_group(1, 512, &[2; 512]).err();
        expect("group", group.as_ref().map(|error| error.as_io() as _))?;
        let commit = storage.commit_manifest(1, b"next").err();
        expect("commit", commit.as_ref().map(|error| error.as_io() as _))?;
        expect(
            "read",
            view.read_at(0, &mut [0; 4096])
                .err()
                .as_ref()
                .map(|e| e as _),
        )?;
        expect(
            "segment",
            storage
                .read_segment(1)
                .map(drop)
                .err()
                .as_ref()
                .map(|e| e as _),
        )?;
        expect(
            "units",
            storage
                .start_units(&[])
                .map(drop)
                .err()
                .as_ref()
                .map(|e| e as _),
        )?;
        let acquired = storage.acquire().map(drop).err();
        expect("owner", acquired.as_ref().map(|error| error as _))?;
        ahead.will_read(&[]);
        storage.release_idle();
        drop((owner, storage, view, ahead));
        Ok(())
    });
    assert_eq!(said, "fine");
}

#[test]
fn a_child_opens_a_handle_of_its_own() {
    let storage = storage();
    storage.acquire().unwrap();
    let store = Arc::new(InMemory::new());
    let said = in_a_child(|| {
        let own = ObjectStorage::new(store, "child");
        let owner = own.acquire().map_err(|error| error.to_string())?;
        own.create_segment(1, b"header")
            .map_err(|error| error.as_io().to_string())?;
        drop(owner);
        Ok(())
    });
    assert_eq!(said, "fine");
}

/// The limit counts for other users than root alone, so the process becomes one; where this one is
/// not root, there is nothing to test with.
#[cfg(target_os = "linux")]
#[test]
#[expect(unsafe_code, reason = "asking who runs this")]
fn without_threads_the_error_says_so() {
    // SAFETY: reads the user of this process.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "no_thread_child",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{complained}");
    assert!(told.contains("1 passed"), "{told}");
}

/// Not a test of its own: the process that gets no thread.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by the test above"]
#[expect(unsafe_code, reason = "the user and the limits of this process")]
fn no_thread_child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    // SAFETY: passes numbers; the process was started for this test alone.
    assert_eq!(unsafe { libc::setresuid(54_321, 54_321, 54_321) }, 0);
    let limit = |most| libc::rlimit {
        rlim_cur: most,
        rlim_max: 90_000,
    };
    let set = |most| {
        let limit = limit(most);
        // SAFETY: the structure is whole and lives until the call returns.
        let outcome = unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) };
        assert_eq!(outcome, 0);
    };
    let storage = storage();
    set(1);
    let refused = storage.acquire().map(drop).unwrap_err();
    assert!(matches!(refused, StorageError::Io(_)), "{refused:?}");
    set(90_000);
    storage.acquire().expect("threads are there again");
}
