//! Forked children, a system that refuses threads, a cache of two processes, a disk that is full:
//! typed errors, and never a hang.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{
    env,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use object_store::memory::InMemory;
use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::{DiskCache, ObjectStorage, PackCache};
use rotortree_store::{
    RotorTree, StorageError,
    storage::{Reads, Shard, Storage, Stream},
};

/// Set in a process that was started for one test alone, to what the test wants to tell it.
const CHILD: &str = "ROTORTREE_TEST_CHILD";
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

/// Runs an ignored test in a process of its own, which must pass.
fn in_a_process(test: &str, told: &Path) {
    let output = Command::new(env::current_exe().unwrap())
        .args([
            test,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, told)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{complained}");
    assert!(told.contains("1 passed"), "{told}");
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
    in_a_process("no_thread_child", Path::new("1"));
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

#[test]
fn a_cache_has_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
    cache.keep("pack/1", 0, b"ours");
    in_a_process("second_process_child", folder.path());
    let mut read = [0; 4];
    assert!(cache.read("pack/1", 0, &mut read));
    drop(cache);
    in_a_process("next_process_child", folder.path());
}

fn told() -> Option<PathBuf> {
    env::var_os(CHILD).map(PathBuf::from)
}

/// Not a test of its own: the process beside the one that has the cache.
#[test]
#[ignore = "run by the test above"]
fn second_process_child() {
    let Some(folder) = told() else { return };
    let refused = DiskCache::open(&folder, 1 << 20).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    assert!(refused.to_string().contains("cannot open the cache in"));
}

/// Not a test of its own: the process behind the one that had the cache.
#[test]
#[ignore = "run by the test above"]
fn next_process_child() {
    let Some(folder) = told() else { return };
    let cache = DiskCache::open(&folder, 1 << 20).unwrap();
    let mut read = [0; 4];
    assert!(cache.read("pack/1", 0, &mut read));
    assert_eq!(&read, b"ours");
}

#[test]
fn a_cache_on_a_full_disk_serves_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    in_a_process("full_disk_child", folder.path());
}

/// Not a test of its own: the process whose files may not grow beyond a length, which fails as a
/// full disk does, after a part was written.
#[test]
#[ignore = "run by the test above"]
#[expect(unsafe_code, reason = "the limits of this process")]
fn full_disk_child() {
    const LEAVES: u64 = 20_000;
    let Some(folder) = told() else { return };
    let limit_files = |bytes| {
        let limit = libc::rlimit {
            rlim_cur: bytes,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: the structure is whole and lives until the call returns.
        let outcome = unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) };
        assert_eq!(outcome, 0);
    };
    // SAFETY: ignores a signal of this process, which was started for this test alone.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let leaf = |index: u64| {
        let mut leaf = [3; 32];
        leaf[..8].copy_from_slice(&index.to_le_bytes());
        leaf
    };
    let bucket = storage();
    let tree = RotorTree::<_, 4, 20>::on(Arc::new(bucket.new_handle()));
    let tree = tree.open(Blake3Hasher).unwrap();
    let leaves: Vec<_> = (0..LEAVES).map(leaf).collect();
    tree.insert_many(&leaves).unwrap();
    tree.checkpoint().unwrap();
    let serve = |fetches: bool| {
        let cache = Arc::new(DiskCache::open(&folder, 8 << 20).unwrap());
        let storage = Arc::new(bucket.new_handle().cache(cache));
        let fetched = storage.fill_cache().unwrap();
        assert_eq!(fetched > 0, fetches);
        let replica = RotorTree::<_, 4, 20>::on(storage).open_read_only(Blake3Hasher);
        let snapshot = replica.unwrap().snapshot();
        for index in (0..LEAVES).step_by(97) {
            let proof = snapshot.generate_proof(index).unwrap();
            let head = snapshot.head().unwrap();
            proof.verify_against(&Blake3Hasher, head).unwrap();
        }
        let files = folder.read_dir().unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum::<u64>()
    };
    // The pack has 640 kB.
    limit_files(300_000);
    assert!(serve(true) < 300_000, "the part that fitted is gone");
    limit_files(libc::RLIM_INFINITY);
    assert!(serve(true) > 640_000);
    assert!(serve(false) > 640_000);
}
