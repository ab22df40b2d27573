//! Threads in forked children: the product starts none for work that the calling thread can do.
//!
//! In the standard library every thread takes one lock, when it starts and when it ends, to note
//! where its stack ends. A child that is forked at such a moment has that lock held, for good:
//! threads are created there and wait before they run anything.

use std::{fs::File, sync::mpsc::channel, thread, time::Duration};

use rotortree::{
    Blake3Hasher,
    store::file_layer::{FileLayer, OsFiles},
};

use crate::{
    common::{Tree, leaves, quiet},
    forked::{Ending, fork},
};

/// Long enough for a thread that does nothing, on a busy machine; a mistake costs a child.
const SOON: Duration = Duration::from_secs(5);

/// Whether a thread starts here and ends. That is between the standard library and the
/// moment of the fork: nothing of the product runs. As long as no other thread runs here the
/// answer stays true.
pub(crate) fn can_start() -> bool {
    let (tell, told) = channel();
    let probe = thread::spawn(move || tell.send(()));
    told.recv_timeout(SOON).is_ok() && probe.join().is_ok()
}

/// The number of threads that `work` starts, if no other thread starts any. Threads count at their
/// creation, whether or not they ever run.
fn started_by(work: impl FnOnce()) -> u64 {
    // The standard library numbers its threads, and shows the number in this form only.
    let number = || {
        let id = format!("{:?}", thread::spawn(|| ()).thread().id());
        let digits = id.trim_matches(|c: char| !c.is_ascii_digit());
        digits.parse::<u64>().expect("a thread's id is a number")
    };
    let before = number();
    work();
    number() - before - 1
}

#[test]
fn a_child_does_on_its_one_thread_whatever_needs_no_other() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("tree");
    let tree = Tree::<2>::open(Blake3Hasher, quiet(&dir)).unwrap();
    // Enough to be checked and to be replayed by several threads.
    tree.insert_many(&leaves(0..100_000)).unwrap();
    tree.checkpoint().unwrap();
    for start in (100_000..200_000).step_by(10_000) {
        tree.insert_many_durable(&leaves(start..start + 10_000))
            .unwrap();
    }
    let mut held = Some(tree);
    let child = fork(Ending::AtOnce, || {
        let tree = held.take().unwrap();
        assert_eq!(started_by(|| ()), 0);
        assert_eq!(started_by(|| drop(thread::spawn(|| ()))), 1);

        assert_eq!(started_by(|| tree.verify().unwrap()), 0, "verify");
        let read = || {
            let snapshot = tree.snapshot();
            snapshot.generate_proof(150_000).unwrap();
            assert_eq!(tree.find_head(&snapshot.root().unwrap()), snapshot.head());
            assert_eq!(tree.stats().size, 200_000);
        };
        assert_eq!(started_by(read), 0, "reading");
        let read_beside = || {
            let reader = Tree::<2>::open_read_only(Blake3Hasher, quiet(&dir)).unwrap();
            assert!(reader.size() >= 190_000);
            reader.refresh().unwrap();
        };
        assert_eq!(started_by(read_beside), 0, "reading beside the parent");
        let own = place.path().join("own");
        let insert = || {
            let own = Tree::<2>::open(Blake3Hasher, quiet(&own)).unwrap();
            own.insert_many(&leaves(0..20_000)).unwrap();
            std::mem::forget(own);
        };
        assert_eq!(started_by(insert), 0, "a tree of its own");
        let sync = || {
            let files: Vec<_> = (0..4)
                .map(|name| File::create(place.path().join(name.to_string())).unwrap())
                .collect();
            let files: Vec<_> = files.iter().collect();
            OsFiles.sync_all(&files).unwrap();
        };
        assert_eq!(started_by(sync), 0, "syncing");
        assert_eq!(started_by(|| tree.close().unwrap()), 0, "closing");
    });
    child.ends_well();
}
