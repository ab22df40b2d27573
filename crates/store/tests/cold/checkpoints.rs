//! The writes of a checkpoint: the new nodes, in pieces, and again those of a failed checkpoint.

use std::{io, ops::ControlFlow};

use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_store::{
    checkpoint::{CheckpointFailure, write_nodes},
    chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES},
    manifest::Manifest,
    storage::{Reads, Stream},
};

use super::{
    place::{Put, unit},
    store::{Store, Tree, assert_nodes, empty_manifest, expected, go_on},
};

/// Chunks and sectors that were put, by stream and level, checked to be in order and
/// without overlap.
fn written(puts: &[Put], stream: Stream, level: u8) -> Option<std::ops::Range<u64>> {
    let mut range: Option<std::ops::Range<u64>> = None;
    for put in puts
        .iter()
        .filter(|put| put.stream == stream && put.level == level)
    {
        assert!(put.units as usize * unit(stream) <= 256 << 10);
        if let Some(before) = &range {
            assert_eq!(before.end, put.first, "in order, each once");
        }
        let start = range.map_or(put.first, |before| before.start);
        range = Some(start..put.first + put.units);
    }
    range
}

#[test]
fn a_checkpoint_writes_what_is_new_and_syncs_once() {
    let leaves = sample_leaves(1, 60_000);
    let mut tree = Tree::<4>::new(ToyHasher::new());
    let mut store = Store::new(4);
    tree.insert_many(&leaves[..40_000]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let puts = store.place.take_puts();
    assert_eq!(written(&puts, Stream::Chunks, 0), Some(0..312));
    assert_eq!(written(&puts, Stream::Sums, 0), Some(0..2));
    assert_eq!(written(&puts, Stream::Chunks, 1), Some(0..78));
    assert_eq!(written(&puts, Stream::Sums, 1), None);
    assert_eq!(written(&puts, Stream::Chunks, 2), Some(0..19));
    assert_eq!(written(&puts, Stream::Chunks, 3), Some(0..4));
    assert_eq!(written(&puts, Stream::Chunks, 4), Some(0..1));
    assert_eq!(written(&puts, Stream::Chunks, 5), None);
    assert_eq!(store.place.take_syncs(), 1);

    tree.insert_many(&leaves[40_000..41_000]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let puts = store.place.take_puts();
    assert_eq!(written(&puts, Stream::Chunks, 0), Some(312..320));
    assert_eq!(written(&puts, Stream::Sums, 0), None);
    assert_eq!(written(&puts, Stream::Chunks, 1), Some(78..80));
    assert_eq!(written(&puts, Stream::Chunks, 2), Some(19..20));
    assert_eq!(written(&puts, Stream::Chunks, 3), Some(4..5));
    assert_eq!(puts.len(), 4);
    assert_eq!(store.place.take_syncs(), 1);

    tree.insert_many(&leaves[41_000..]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let puts = store.place.take_puts();
    assert_eq!(written(&puts, Stream::Chunks, 0), Some(320..468));
    assert_eq!(written(&puts, Stream::Sums, 0), Some(2..3));
}

#[test]
fn without_a_new_chunk_nothing_is_written_and_nothing_synced() {
    let leaves = sample_leaves(2, 200);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    let mut store = Store::new(2);
    tree.insert_many(&leaves[..150]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    store.place.take_puts();
    store.place.take_syncs();
    for size in [150, 151, 200] {
        if size > 150 {
            tree.insert_many(&leaves[tree.size() as usize..size])
                .unwrap();
        }
        store.checkpoint(&tree.snapshot()).unwrap();
        assert_eq!(
            (store.place.take_puts().len(), store.place.take_syncs()),
            (0, 0)
        );
        let reopened = store.reopen::<2, _>(ToyHasher::new(), Reads::Mapped, 0);
        assert_nodes(&reopened.snapshot(), &expected(2, &leaves, size as u64));
    }
}

#[test]
fn pacing_hears_of_every_piece_and_can_stop() {
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&sample_leaves(3, 40_000)).unwrap();
    let snapshot = tree.snapshot();
    let store = Store::new(2);
    let mut pieces = Vec::new();
    write_nodes(&*store.storage, &store.manifest, &snapshot, &mut |bytes| {
        pieces.push(bytes);
        ControlFlow::Continue(())
    })
    .unwrap();
    let puts = store.place.take_puts();
    assert_eq!(pieces.len(), puts.len());
    let chunks: u64 = (0..9).map(|level| (40_000 >> level) / 128).sum();
    let sectors: u64 = (0..9).map(|level| (40_000 >> level) / 128 / 128).sum();
    assert_eq!(
        pieces.iter().sum::<usize>(),
        chunks as usize * CHUNK_BYTES + sectors as usize * SUM_SECTOR_BYTES
    );

    for stop_at in 1..=pieces.len() {
        let mut store = Store::new(2);
        let mut piece = 0;
        let stopped = write_nodes(&*store.storage, &store.manifest, &snapshot, &mut |_| {
            piece += 1;
            match piece {
                piece if piece < stop_at => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        });
        assert!(matches!(stopped, Err(CheckpointFailure::Stopped)));
        assert_eq!(store.place.take_puts().len(), stop_at);
        assert_eq!(store.place.take_syncs(), 0);
        store.checkpoint(&snapshot).unwrap();
    }
}

#[test]
fn a_checkpoint_that_fails_at_any_operation_is_written_anew() {
    let leaves = sample_leaves(4, 36_000);
    let mut tree = Tree::<3>::new(ToyHasher::new());
    let mut store = Store::new(3);
    tree.insert_many(&leaves[..17_000]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    tree.insert_many(&leaves[17_000..]).unwrap();
    let mut operation = 0;
    loop {
        let mut attempt = Store::new(3);
        attempt
            .checkpoint(&tree.snapshot().snapshot_at(17_000).unwrap())
            .unwrap();
        attempt.place.take_puts();
        attempt.place.fail_in(operation, io::ErrorKind::StorageFull);
        let failed = attempt.checkpoint(&tree.snapshot());
        if attempt.place.take_failure() {
            failed.unwrap();
            break;
        }
        match failed {
            Err(CheckpointFailure::Io(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            }
            other => panic!("operation {operation}: {other:?}"),
        }
        // The checkpoint in force is whole.
        let reopened = attempt.reopen::<3, _>(ToyHasher::new(), Reads::Positioned, 1);
        assert_nodes(&reopened.snapshot(), &expected(3, &leaves, 17_000));
        // Every byte is put again: those of the failed attempt may be lost.
        attempt.place.take_puts();
        attempt.checkpoint(&tree.snapshot()).unwrap();
        let puts = attempt.place.take_puts();
        assert_eq!(written(&puts, Stream::Chunks, 0), Some(132..281));
        assert_eq!(written(&puts, Stream::Sums, 0), Some(1..2));
        for (stream, level) in attempt.place.streams() {
            if operation == 0 {
                store.checkpoint(&tree.snapshot()).unwrap();
            }
            assert_eq!(
                attempt.place.stream(stream, level),
                store.place.stream(stream, level)
            );
        }
        operation += 1;
    }
    assert!(operation > 5, "{operation} operations");
}

#[test]
fn a_snapshot_that_does_not_follow_the_manifest_is_refused() {
    let (mut store, later) = Store::of::<2>(&sample_leaves(5, 300));
    let earlier = later.snapshot_at(299).unwrap();
    store.place.take_puts();
    assert!(matches!(
        store.checkpoint(&earlier),
        Err(CheckpointFailure::NotASuccessor {
            manifest_n: 2,
            manifest_size: 300,
            n: 2,
            size: 299
        })
    ));
    let mut other = Tree::<3>::new(ToyHasher::new());
    other.insert_many(&sample_leaves(5, 400)).unwrap();
    let refused = store.checkpoint(&other.snapshot()).unwrap_err();
    assert!(
        matches!(refused, CheckpointFailure::NotASuccessor { n: 3, .. }),
        "{refused}"
    );
    assert_eq!(store.place.take_puts(), []);
}

#[test]
fn a_node_that_cannot_be_read_fails_the_checkpoint_before_it_names_anything() {
    let (store, _) = Store::of::<2>(&sample_leaves(6, 1000));
    let tree = store.reopen::<2, _>(ToyHasher::new(), Reads::Positioned, usize::MAX);
    store
        .place
        .damage(Stream::Chunks, 0, |bytes| bytes[5000] ^= 1);
    let target = Store::new(2);
    let failed = write_nodes(
        &*target.storage,
        &empty_manifest(2),
        &tree.snapshot(),
        &mut go_on,
    );
    assert!(
        matches!(failed, Err(CheckpointFailure::Tree(_))),
        "{failed:?}"
    );
    assert_eq!(target.place.take_syncs(), 0);
}

#[test]
fn what_a_checkpoint_stores_depends_on_the_tree_alone() {
    // One checkpoint, or many: the same streams and the same tails.
    let leaves = sample_leaves(7, 20_000);
    let (whole, snapshot) = Store::of::<2>(&leaves);
    let mut steps = Store::new(2);
    for size in [1, 127, 128, 300, 5_000, 16_383, 16_384, 16_385, 20_000] {
        steps
            .checkpoint(&snapshot.snapshot_at(size).unwrap())
            .unwrap();
    }
    let same = Manifest {
        generation: 1,
        ..steps.manifest.clone()
    };
    assert_eq!(same, whole.manifest);
    for (stream, level) in whole.place.streams() {
        assert_eq!(
            whole.place.stream(stream, level),
            steps.place.stream(stream, level)
        );
    }
}
