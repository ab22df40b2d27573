//! A postponed write: waiters are notified, pending records keep their order, and the next flush or
//! tick writes them.

use std::{io::ErrorKind, thread, time::Duration};

use rotortree_store::{
    FlushPolicy, StorageError,
    test_util::sim_files::{Call, Effect, Fault, SimFiles},
};

use super::{Tree, by_hand, leaf, on, open};
use crate::builder::Builder;

/// No descriptor for opening a file for writing, as long as it lasts.
fn no_descriptor() -> Fault {
    Fault::new(0, Effect::Error(ErrorKind::Other)).on(Call::OpenWrite)
}

/// A tree with one durable leaf whose segment's file is closed: it has to be opened for
/// the next group.
fn idle(files: &SimFiles, config: Builder) -> Tree {
    let tree = open(files, config);
    tree.insert(leaf(0)).unwrap().1.wait().unwrap();
    // A header, a group, and the mark that is written when the tree falls idle, before the
    // file is closed.
    while tree.stats().log_segment_bytes < 3 * 512 {
        thread::sleep(Duration::from_millis(5));
    }
    tree
}

#[test]
fn a_group_that_was_not_written_waits_in_its_order_and_goes_with_the_next_flush() {
    let files = SimFiles::new();
    let tree = idle(&files, by_hand());
    files.inject(no_descriptor().for_good());
    let (_, first) = tree.insert(leaf(1)).unwrap();
    let error = first.wait().unwrap_err();
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains("cannot open for writing"),
        "{error}"
    );
    // Others are inserted behind it, and are told the same.
    let (_, second) = tree.insert(leaf(2)).unwrap();
    let flushed = tree.flush();
    assert!(matches!(flushed, Err(StorageError::Unavailable(_))));
    let timed = second.wait_timeout(Duration::from_secs(300));
    assert!(
        matches!(timed, Err(StorageError::Unavailable(_))),
        "{timed:?}"
    );
    assert!(!first.is_durable() && !second.is_durable());
    assert_eq!((tree.durable_snapshot().size(), tree.size()), (1, 3));

    let stats = tree.stats();
    assert!(stats.unavailable >= 3 && stats.pending_bytes > 0);
    let told = stats.unavailable_error.unwrap().to_string();
    assert!(told.contains("cannot open for writing"), "{told}");
    assert!(tree.failure().is_none());

    files.heal();
    second.wait().unwrap();
    assert!(first.is_durable());
    assert!(tree.stats().unavailable_error.is_none());
    let head = tree.head();
    tree.close().unwrap();
    let tree = open(&files, by_hand());
    assert_eq!(tree.head(), head);
    tree.close().unwrap();
}

#[test]
fn a_future_is_told_of_a_write_that_was_not_made_and_can_be_awaited_again() {
    use std::{
        future::{Future, IntoFuture},
        pin::pin,
        sync::Arc,
        task::{Context, Poll, Wake, Waker},
    };
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    fn block_on<F: Future>(future: F) -> F::Output {
        let mut future = pin!(future);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }
    let files = SimFiles::new();
    let tree = idle(&files, by_hand());
    files.inject(no_descriptor());
    let (_, token) = tree.insert(leaf(1)).unwrap();
    let told = block_on(token.clone().into_future());
    assert!(
        matches!(told, Err(StorageError::Unavailable(_))),
        "{told:?}"
    );
    block_on(token.into_future()).unwrap();
    tree.close().unwrap();
}

#[test]
fn the_background_writes_by_itself_what_it_could_not_write_before() {
    let files = SimFiles::new();
    let config = by_hand().flush_policy(FlushPolicy::Interval(Duration::from_millis(1)));
    let tree = idle(&files, config);
    files.inject(no_descriptor().for_good());
    let (_, token) = tree.insert(leaf(1)).unwrap();
    while tree.stats().unavailable < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(!token.is_durable());
    files.heal();
    // No call asks for a sync: `is_durable` only looks.
    while !token.is_durable() {
        thread::sleep(Duration::from_millis(5));
    }
    tree.close().unwrap();
}

#[test]
fn a_batch_beyond_the_bound_is_taken_although_its_pieces_cannot_be_written_yet() {
    let files = SimFiles::new();
    let config = by_hand().max_unflushed_bytes(16 << 10);
    let tree = idle(&files, config.clone());
    files.inject(no_descriptor().for_good());
    let batch: Vec<_> = (1..2001).map(leaf).collect();
    let token = tree.append(&batch).submit().unwrap();
    assert!(!token.is_durable());
    // The next one has to wait for room, and is told why there is none.
    let refused = tree.insert(leaf(2001)).unwrap_err().to_string();
    assert!(refused.contains("nothing is lost"), "{refused}");
    assert_eq!(tree.size(), 2001);
    files.heal();
    token.wait().unwrap();
    let head = tree.head();
    tree.close().unwrap();
    let tree = open(&files, config);
    assert_eq!(tree.head(), head);
    tree.close().unwrap();
}

/// Inserts and flushes so many leaves.
fn fill(tree: &Tree, leaves: u64) {
    let size = tree.size();
    for index in size..size + leaves {
        tree.insert(leaf(index)).unwrap().1.wait().unwrap();
    }
}

#[test]
fn a_rotation_that_fails_before_its_manifest_is_in_force_fails_nothing_and_is_made_later() {
    let manifest = "/tree/MANIFEST.tmp";
    let faults = [
        // The segment, before it has its name; the manifest that names it, before it has its own.
        vec![Fault::new(0, Effect::Error(ErrorKind::Other)).on(Call::CreateNew)],
        vec![
            Fault::new(0, Effect::Error(ErrorKind::StorageFull))
                .on(Call::WriteAt)
                .within(manifest),
        ],
        // The same, and the segment that is not named cannot be removed at once.
        vec![
            Fault::new(0, Effect::Error(ErrorKind::Other))
                .on(Call::CreateNew)
                .within(manifest),
            Fault::new(1, Effect::Error(ErrorKind::Other))
                .on(Call::Remove)
                .within("/tree/log"),
        ],
    ];
    for faults in faults {
        let files = SimFiles::new();
        let config = by_hand().segment_bytes(4096);
        let tree = open(&files, config.clone());
        fill(&tree, 6);
        let told = format!("{faults:?}");
        let planned = faults.len() as u64;
        faults.into_iter().for_each(|fault| files.inject(fault));
        // The group that fills the segment is durable, whatever becomes of the next one.
        while files.struck() == 0 {
            fill(&tree, 1);
        }
        assert_eq!(tree.stats().rotations, 0, "{told}");
        fill(&tree, 4);
        assert!(
            files.struck() == planned,
            "{} strikes of {told}",
            files.struck()
        );
        let stats = tree.stats();
        assert!(stats.rotations >= 1 && stats.unavailable >= 1, "{told}");
        assert!(tree.failure().is_none() && stats.unavailable_error.is_none());
        // The records that went into the old segment after the first attempt are in force.
        let head = tree.head();
        std::mem::forget(tree);
        let tree = open(&files.settled(), config);
        assert_eq!(tree.head(), head, "{told}");
        tree.close().unwrap();
    }
}

#[test]
fn closing_tries_again_and_tells_that_what_waited_is_not_durable() {
    let files = SimFiles::new();
    let tree = idle(&files, by_hand());
    let (_, token) = tree.insert(leaf(1)).unwrap();
    files.inject(no_descriptor());
    tree.close().unwrap();
    assert!(token.is_durable(), "a moment's shortage");

    let files = SimFiles::new();
    let tree = idle(&files, by_hand());
    let (_, token) = tree.insert(leaf(1)).unwrap();
    files.inject(no_descriptor().for_good());
    let closed = tree.close().unwrap_err();
    assert!(matches!(closed, StorageError::FlushFailed(_)), "{closed}");
    assert!(matches!(token.wait(), Err(StorageError::FlushFailed(_))));
    files.heal();
    let tree = open(&files, by_hand());
    assert_eq!(tree.size(), 1);
    tree.close().unwrap();
}

#[test]
fn a_disk_that_is_full_for_the_log_fails_nothing_and_takes_the_group_once_there_is_room() {
    let files = SimFiles::new();
    let tree = open(&files, by_hand());
    fill(&tree, 7);
    files.set_capacity(Some(files.used()));
    let batch: Vec<_> = (7..1007).map(leaf).collect();
    let token = tree.append(&batch).submit().unwrap();
    let full = token.wait().unwrap_err();
    assert!(matches!(full, StorageError::Unavailable(_)), "{full}");
    let text = full.to_string();
    assert!(text.contains("reserve room in /tree/log"), "{text}");
    files.set_capacity(None);
    token.wait().unwrap();
    assert!(tree.failure().is_none());
    let head = tree.head();
    tree.close().unwrap();
    let storage = on(&files);
    assert_eq!(storage.list_segments().unwrap().len(), 1);
    assert_eq!(open(&files, by_hand()).head(), head);
}
