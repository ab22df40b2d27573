//! Runs every method of a tree in a forked child.

use std::{
    future::IntoFuture,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use rotortree::{
    Blake3Hasher, DurabilityToken, FlushPolicy, ReadOnly, RotorTreeConfig, RotorTreeError,
    StorageError, TreeSnapshot,
};

use crate::common::{Tree, leaf, leaves, quiet, storage_error};

const LONG: Duration = Duration::from_secs(3600);

fn is_closed(error: &StorageError) -> bool {
    matches!(error, StorageError::Closed)
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, RotorTreeError>) {
    let error = storage_error(outcome);
    assert!(is_closed(&error), "{error}");
}

/// Every method that writes or waits says that the tree is closed, at once; what reads goes on.
pub(crate) fn every_write_is_refused<const N: usize>(tree: &Tree<N>, token: &DurabilityToken) {
    let before = tree.head();
    refused(tree.insert(leaf(0)));
    refused(tree.insert_many(&leaves(0..20_000)));
    refused(tree.insert_durable(leaf(0)));
    refused(tree.insert_many_durable(&[leaf(0)]));
    refused(tree.try_insert(leaf(0)));
    refused(tree.try_insert_many(&[leaf(0)]));
    refused(tree.append_at(tree.size(), &[leaf(0)]));
    refused(tree.insert_many_with_metadata(&[leaf(0)], b"child"));
    refused(tree.insert_many_with_metadata(&[], b"child"));
    assert!(is_closed(&tree.flush().unwrap_err()));
    assert!(is_closed(&tree.checkpoint().unwrap_err()));
    let place = tempfile::tempdir().unwrap();
    refused(tree.backup(place.path().join("copy")));
    assert!(!tree.wait_for_size(u64::MAX, LONG));
    assert!(!tree.wait_for_checkpoint(LONG));

    // In a process whose threads are busy the token's leaves may have become durable
    // before it forked.
    if !token.is_durable() {
        assert!(is_closed(&token.wait().unwrap_err()));
        assert!(is_closed(&token.wait_timeout(LONG).unwrap_err()));
        let mut polled = pin!(token.clone().into_future());
        match polled
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(Err(error)) => assert!(is_closed(&error), "{error}"),
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(tree.head(), before);
    assert_eq!(tree.stats().size, before.map_or(0, |head| head.size));
    if let Some(head) = before {
        // The newest is found whatever the parent's threads were doing; another lookup comes back
        // with or without an answer.
        assert_eq!(tree.find_head(&head.root), Some(head));
        assert_eq!(tree.find_head(&leaf(u64::MAX)), None);
        let snapshot = tree.snapshot();
        let proof = snapshot.generate_proof(head.size - 1).unwrap();
        proof.verify_against(&Blake3Hasher, head).unwrap();
    }
    match tree.verify() {
        Ok(()) | Err(StorageError::Closed) => {}
        Err(error) => panic!("{error}"),
    }
}

/// The parent owns the directory, and no other process may. Reading is allowed, and shows a prefix
/// or an extension of `known`.
pub(crate) fn the_directory_is_taken<const N: usize>(dir: &Path, known: &TreeSnapshot<N, 32>) {
    let outcome = Tree::<N>::open(Blake3Hasher, quiet(dir));
    assert!(matches!(storage_error(outcome), StorageError::FileLocked));
    let reader = Tree::<N>::open_read_only(Blake3Hasher, quiet(dir)).unwrap();
    let seen = reader.snapshot();
    let size = seen.size().min(known.size());
    assert_eq!(
        seen.snapshot_at(size).unwrap().head(),
        known.snapshot_at(size).unwrap().head()
    );
}

/// A reader of the parent's goes on as far as it can.
pub(crate) fn a_reader_goes_on<const N: usize>(reader: &ReadOnly<Blake3Hasher, N, 32>) {
    let before = reader.head();
    assert!(reader.recovery_report().damage.is_none());
    match reader.refresh() {
        Ok(_) => {}
        Err(RotorTreeError::Storage(StorageError::Closed)) => assert_eq!(reader.head(), before),
        Err(error) => panic!("{error}"),
    }
    if let Some(head) = reader.head() {
        let proof = reader.snapshot().generate_proof(0).unwrap();
        proof.verify_against(&Blake3Hasher, head).unwrap();
    }
}

/// The child may have trees of its own, with background threads of its own, where threads start.
pub(crate) fn a_tree_of_its_own_works<const N: usize>() {
    let dir = tempfile::tempdir().unwrap();
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(Duration::from_millis(1)),
        ..quiet(dir.path())
    };
    let tree = Tree::<N>::open(Blake3Hasher, config.clone()).unwrap();
    let (_, token) = tree.insert_many(&leaves(0..20_000)).unwrap();
    // Left to the background, which is a thread that this process must have started.
    assert!(token.wait_timeout(crate::common::PATIENCE / 2).unwrap());
    let head = tree.head();
    tree.close().unwrap();
    let again = Tree::<N>::open(Blake3Hasher, config).unwrap();
    assert_eq!(again.head(), head);
}
