//! Damaged stored bytes: found on first use, reported with their place, never served.

use std::sync::Arc;

use rotortree_hasher::{Hash, ToyHasher};
use rotortree_lean_imt::{NodeSource, TreeError, reference::sample_leaves};
use rotortree_store::{
    StorageError,
    chunk::CHUNK_BYTES,
    cold::{ColdNodes, load_nodes, storage_error},
    storage::{Reads, Stream},
};

use super::store::{DEPTH, Store, expected, open_cold};

const READS: [Reads; 2] = [Reads::Mapped, Reads::Positioned];

fn read(cold: &ColdNodes, level: usize, start: u64, count: usize) -> Result<Vec<Hash>, TreeError> {
    let mut nodes = vec![[0; 32]; count];
    cold.read(level, start, &mut nodes).map(|()| nodes)
}

/// Reads nodes that must fail at `chunk`, by the first of its nodes that was asked for; the
/// checksums told.
fn refused(cold: &ColdNodes, level: usize, start: u64, count: usize, chunk: u64) -> (u32, u32) {
    let error = read(cold, level, start, count).expect_err("a damaged chunk was served");
    match &error {
        TreeError::NodeUnavailable {
            level: at, index, ..
        } => {
            assert_eq!((*at, *index), (level, start.max(chunk * 128)));
        }
        other => panic!("{other:?}"),
    }
    match storage_error(error) {
        StorageError::CrcMismatch {
            file,
            offset,
            expected,
            actual,
        } => {
            assert_eq!(
                file,
                format!("test place, chunks of level {level}, shard 0")
            );
            assert_eq!(offset, chunk * CHUNK_BYTES as u64);
            assert_ne!(expected, actual);
            (expected, actual)
        }
        other => panic!("{other:?}"),
    }
}

/// 300 leaves, N = 2: two chunks of leaves, one of level 1.
fn small() -> (Store, Vec<Vec<Hash>>) {
    let leaves = sample_leaves(300, 300);
    (Store::of::<2>(&leaves).0, expected(2, &leaves, 300))
}

#[test]
fn every_flipped_bit_of_a_chunk_is_found_and_other_chunks_are_served() {
    let (store, nodes) = small();
    for reads in READS {
        for bit in 0..2 * CHUNK_BYTES * 8 {
            let flip = |bytes: &mut Vec<u8>| bytes[bit / 8] ^= 1 << (bit % 8);
            store.place.damage(Stream::Chunks, 0, flip);
            let cold = store.cold(reads);
            let chunk = (bit / 8 / CHUNK_BYTES) as u64;
            refused(&cold, 0, 0, 256, chunk);
            let node = (bit / 8 / 32) as u64;
            refused(&cold, 0, node, 1, chunk);
            refused(&cold, 0, 127, 2, chunk);
            let other = ((1 - chunk) * 128) as usize;
            assert_eq!(
                read(&cold, 0, other as u64, 128).unwrap(),
                nodes[0][other..other + 128]
            );
            store.place.damage(Stream::Chunks, 0, flip);
        }
    }
}

#[test]
fn every_flipped_bit_of_a_checksum_is_found() {
    let leaves = sample_leaves(301, 128 * 130);
    let store = Store::of::<2>(&leaves).0;
    for reads in READS {
        for bit in 0..512 * 8 {
            let flip = |bytes: &mut Vec<u8>| bytes[bit / 8] ^= 1 << (bit % 8);
            store.place.damage(Stream::Sums, 0, flip);
            let chunk = (bit / 32) as u64;
            let (expected, actual) = refused(&store.cold(reads), 0, chunk * 128 + 5, 1, chunk);
            assert_eq!(expected ^ actual, 1 << (bit % 32));
            store.place.damage(Stream::Sums, 0, flip);
        }
        for tail in 0..2 {
            let mut manifest = store.manifest.clone();
            manifest.levels[0].sums[tail] ^= 1 << 31;
            let cold = open_cold(&store.storage, &manifest, reads).unwrap();
            refused(&cold, 0, 0, 128 * 130, 128 + tail as u64);
        }
    }
}

#[test]
fn a_chunk_at_another_place_or_of_another_tree_is_refused() {
    let leaves = sample_leaves(302, 600);
    for reads in READS {
        let (store, _) = Store::of::<2>(&leaves);
        store.place.damage(Stream::Chunks, 0, |bytes| {
            let (first, second) = bytes.split_at_mut(CHUNK_BYTES);
            first.swap_with_slice(&mut second[..CHUNK_BYTES]);
        });
        let mut with_checksums = store.manifest.clone();
        with_checksums.levels[0].sums.swap(0, 1);
        for manifest in [&store.manifest, &with_checksums] {
            let cold = open_cold(&store.storage, manifest, reads).unwrap();
            refused(&cold, 0, 0, 1, 0);
            refused(&cold, 0, 255, 1, 1);
            read(&cold, 0, 256, 256).unwrap();
        }

        // The same leaves, under another tree's id.
        let (store, snapshot) = Store::of::<2>(&leaves);
        let mut other = Store::new(2);
        other.manifest.tree_id = *b"some other tree.";
        other.checkpoint(&snapshot).unwrap();
        let theirs = other.place.stream(Stream::Chunks, 0);
        assert_eq!(
            theirs,
            store.place.stream(Stream::Chunks, 0),
            "the same bytes"
        );
        let manifest = rotortree_store::manifest::Manifest {
            tree_id: store.manifest.tree_id,
            ..other.manifest.clone()
        };
        let cold = open_cold(&store.storage, &manifest, reads).unwrap();
        refused(&cold, 0, 0, 1, 0);

        // Level 1 in the place of level 0.
        let (store, _) = Store::of::<2>(&leaves);
        let level_1 = store.place.stream(Stream::Chunks, 1);
        store.place.damage(Stream::Chunks, 0, |bytes| {
            bytes[..CHUNK_BYTES].copy_from_slice(&level_1[..CHUNK_BYTES]);
        });
        let mut with_checksum = store.manifest.clone();
        with_checksum.levels[0].sums[0] = with_checksum.levels[1].sums[0];
        for manifest in [&store.manifest, &with_checksum] {
            let cold = open_cold(&store.storage, manifest, reads).unwrap();
            refused(&cold, 0, 0, 1, 0);
        }

        // A hole.
        store.place.damage(Stream::Chunks, 1, |bytes| bytes.fill(0));
        refused(&store.cold(reads), 1, 0, 1, 0);
    }
}

#[test]
fn a_stream_that_is_missing_or_short_is_told_at_open() {
    let leaves = sample_leaves(303, 128 * 130);
    for reads in READS {
        let store = Store::of::<2>(&leaves).0;
        for (stream, level) in store.place.streams() {
            let intact = store.place.stream(stream, level);
            for len in [0, 1, intact.len() - 1] {
                store
                    .place
                    .damage(stream, level, |bytes| bytes.truncate(len));
                is_damage(&store, reads, stream, level);
                store
                    .place
                    .damage(stream, level, |bytes| bytes.clone_from(&intact));
            }
            let store = Store::of::<2>(&leaves).0;
            store.place.remove(stream, level);
            is_damage(&store, reads, stream, level);
        }
        assert_eq!(store.cold(reads).size(), 128 * 130);
    }
    // A storage that gives less than it was asked for is not believed either.
    let store = Store::of::<2>(&leaves).0;
    store.place.cut_views(1);
    is_damage(&store, Reads::Mapped, Stream::Chunks, 0);
}

fn is_damage(store: &Store, reads: Reads, stream: Stream, level: u8) {
    match open_cold(&store.storage, &store.manifest, reads) {
        Err(StorageError::DataCorruption { file, .. }) => {
            let what = match stream {
                Stream::Chunks => "chunks",
                Stream::Sums => "checksums",
            };
            assert_eq!(
                file,
                format!("test place, {what} of level {level}, shard 0")
            );
        }
        other => panic!("{stream:?} of level {level}: {other:?}"),
    }
}

#[test]
fn damage_on_a_level_that_is_held_in_memory_is_told_at_open() {
    for reads in READS {
        let (store, _) = small();
        store
            .place
            .damage(Stream::Chunks, 1, |bytes| bytes[77] ^= 4);
        let cold = store.cold(reads);
        load_nodes(Arc::clone(&cold), &store.manifest, 2).expect("level 1 is not looked at");
        for pin in [0, 1] {
            assert!(matches!(
                load_nodes(Arc::clone(&cold), &store.manifest, pin),
                Err(StorageError::CrcMismatch { offset: 0, .. })
            ));
        }
    }
}

#[test]
fn a_scrub_reads_every_chunk_again() {
    let leaves = sample_leaves(304, 128 * 300);
    let store = Store::of::<2>(&leaves).0;
    for reads in READS {
        let cold = store.cold(reads);
        let mut chunks = 0;
        cold.check_all(&mut |read| chunks += read).unwrap();
        assert_eq!(chunks, cold.chunks());
        assert_eq!(chunks, (0..9).map(|level| 300 >> level).sum::<u64>());
    }
    let cold = store.cold(Reads::Positioned);
    cold.check_all(&mut |_| {}).unwrap();
    let byte = 200 * CHUNK_BYTES + 9;
    store
        .place
        .damage(Stream::Chunks, 0, |bytes| bytes[byte] ^= 1);
    assert!(matches!(
        cold.check_all(&mut |_| {}),
        Err(StorageError::CrcMismatch { offset, .. }) if offset == 200 * CHUNK_BYTES as u64
    ));
}

#[test]
fn nodes_that_the_checkpoint_does_not_have_in_chunks_are_refused() {
    let (store, nodes) = small();
    for reads in READS {
        let cold = store.cold(reads);
        assert_eq!(read(&cold, 0, 0, 256).unwrap(), nodes[0][..256]);
        assert_eq!(read(&cold, 0, 256, 0).unwrap(), [[0; 32]; 0]);
        for (level, start, count, first) in [
            (0, 256, 1, 256),
            (0, 0, 257, 256),
            (1, 100, 29, 128),
            (2, 0, 1, 0),
            (DEPTH, 0, 1, 0),
            (usize::MAX, 5, 1, 5),
            (0, u64::MAX, 2, u64::MAX),
        ] {
            match read(&cold, level, start, count) {
                Err(TreeError::NodeUnavailable {
                    level: at, index, ..
                }) => {
                    assert_eq!((at, index), (level, first));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_manifest_of_another_tree_or_an_earlier_one_does_not_extend() {
    let leaves = sample_leaves(305, 600);
    let (mut store, later) = Store::of::<2>(&leaves[..400]);
    let before = store.manifest.clone();
    let cold = store.cold(Reads::Mapped);
    let mut tree = store.reopen::<2, _>(ToyHasher::new(), Reads::Mapped, 0);
    tree.insert_many(&leaves[400..]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let cold = cold.extend(&store.manifest).unwrap();
    drop(later);

    let mut foreign = store.manifest.clone();
    foreign.tree_id[0] ^= 1;
    let mut contradicting = store.manifest.clone();
    contradicting.levels[0].nodes.pop();
    for manifest in [before, foreign, contradicting] {
        let refused = cold.extend(&manifest).unwrap_err();
        assert!(
            matches!(refused, StorageError::DataCorruption { .. }),
            "{refused}"
        );
    }
}
