//! Files that are long and hold next to nothing: log segments, shards and manifests of up to a
//! tebibyte, made of holes.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rotortree_lean_imt::Hash;
use rotortree_store::{
    RecoveryMode, RotorTreeError, StorageError,
    file_layer::{FileLayer, OsFiles},
    manifest::{LevelTail, Manifest},
};

use crate::{
    counting::{alone, peak},
    store::{BOUND, MODES, Watchdog, copy_dir, is_prefix, leaves, make, open, place, read_only},
};

const GIB: u64 = 1 << 30;
/// Longer than the watchdog's time allows to read.
const LENGTHS: [u64; 2] = [64 * GIB, 1024 * GIB];

/// An honest store in a directory of its own; the folder around it goes with the first of these.
fn honest(closed: bool) -> (tempfile::TempDir, PathBuf, Vec<Hash>) {
    let folder = tempfile::tempdir().unwrap();
    let (original, killed) = (folder.path().join("original"), folder.path().join("killed"));
    let tree = make(&place(OsFiles, &original));
    copy_dir(&original, &killed);
    tree.close().unwrap();
    (folder, if closed { original } else { killed }, leaves())
}

fn segments(store: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(store.join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// Makes a file this long, by a hole; `false` where the file system has no such files or does not
/// tell holes, so that there is nothing to test.
fn stretch(path: &Path, len: u64) -> bool {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let there = file.metadata().unwrap().len();
    if file.set_len(len).is_err() {
        println!("no files of {len} bytes here");
        return false;
    }
    let file = File::open(path).unwrap();
    let tells = OsFiles
        .next_data(&file, there.next_multiple_of(1 << 20))
        .unwrap()
        == len;
    if !tells {
        println!("no holes are told here");
    }
    tells
}

/// Bytes that the files below a directory take on the disk.
fn taken_on_disk(path: &Path) -> u64 {
    let below = fs::read_dir(path).into_iter().flatten();
    below
        .map(|entry| {
            let entry = entry.unwrap();
            let data = entry.metadata().unwrap();
            if data.is_dir() {
                taken_on_disk(&entry.path())
            } else {
                data.blocks() * 512
            }
        })
        .sum()
}

fn assert_bounded(what: &str, taken: usize) {
    println!("{what}: {taken} bytes");
    assert!(taken <= BOUND, "{what}: {taken} bytes");
}

#[test]
fn a_log_with_a_hole_of_any_length_behind_it_opens_as_what_it_is() {
    let _watchdog = Watchdog::start("sparse logs", Duration::from_secs(120));
    alone(|| {
        let (folder, original, leaves) = honest(true);
        let count = segments(&original).len();
        for (number, len) in (0..count).flat_map(|number| LENGTHS.map(|len| (number, len))) {
            for mode in MODES {
                let copy = folder.path().join(format!("{number}-{len}-{mode:?}"));
                copy_dir(&original, &copy);
                if !stretch(&segments(&copy)[number], len) {
                    return;
                }
                let storage = place(OsFiles, &copy);
                let told = format!("segment {number} of {len} bytes, {mode:?}");
                let (reader, taken) = peak(|| read_only(&storage, mode).unwrap());
                assert_bounded(&format!("{told}, reading"), taken);
                let (tree, taken) = peak(|| open(&storage, mode).unwrap());
                assert_bounded(&format!("{told}, opening"), taken);
                for (root, size) in [
                    (reader.root(), reader.size()),
                    (tree.snapshot().root(), tree.size()),
                ] {
                    assert_eq!(size, leaves.len() as u64, "{told}");
                    assert!(is_prefix(root, size, &leaves), "{told}");
                }
                assert!(tree.recovery_report().damage.is_none(), "{told}");
            }
        }
    });
}

#[test]
fn damage_in_front_of_a_hole_of_any_length_is_told_and_kept_aside_without_the_hole() {
    let _watchdog = Watchdog::start("damaged sparse logs", Duration::from_secs(120));
    alone(|| {
        let (folder, original, leaves) = honest(false);
        for len in LENGTHS {
            for mode in MODES {
                let copy = folder.path().join(format!("{len}-{mode:?}"));
                copy_dir(&original, &copy);
                let with_records = |path: &PathBuf| fs::metadata(path).unwrap().len() > 1024;
                let paths = segments(&copy);
                let damaged = paths.iter().find(|path| with_records(path)).unwrap();
                if !stretch(damaged, len) {
                    return;
                }
                let file = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open(damaged)
                    .unwrap();
                // A leaf that was durable, and strangers in the middle and at the end.
                let mut byte = [0];
                file.read_exact_at(&mut byte, 700).unwrap();
                file.write_all_at(&[byte[0] ^ 1], 700).unwrap();
                for at in [len / 2 + 5, len - 100] {
                    file.write_all_at(&[0xa5; 60], at).unwrap();
                }
                let storage = place(OsFiles, &copy);
                let told = format!("{len} bytes, {mode:?}");
                let (opened, taken) = peak(|| open(&storage, mode));
                assert_bounded(&format!("damage and {told}, opening"), taken);
                match (mode, opened) {
                    (
                        RecoveryMode::Strict,
                        Err(RotorTreeError::Storage(StorageError::WalCorrupted { .. })),
                    ) => {
                        assert!(!copy.join("aside").exists(), "{told}");
                    }
                    (RecoveryMode::StopAtLastValid, Ok(tree)) => {
                        assert!(
                            is_prefix(tree.snapshot().root(), tree.size(), &leaves),
                            "{told}"
                        );
                        assert!(tree.size() < leaves.len() as u64);
                        let damage = tree.recovery_report().damage.unwrap();
                        let strangers = damage.quarantined.iter().filter(|path| {
                            let kept = fs::read(path).unwrap();
                            kept.windows(60).any(|bytes| bytes == [0xa5; 60])
                        });
                        assert_eq!(strangers.count(), 2, "{told}: {damage:?}");
                        let kept = taken_on_disk(&copy.join("aside"));
                        assert!(kept < 256 << 20, "{told}: {kept} bytes aside");
                    }
                    (_, opened) => panic!("{told}: {opened:?}"),
                }
            }
        }
    });
}

#[test]
fn shards_and_manifests_of_any_length_cost_what_belongs_to_the_tree() {
    let _watchdog = Watchdog::start("sparse shards", Duration::from_secs(120));
    alone(|| {
        let (folder, original, leaves) = honest(true);
        for (number, name) in [
            "levels/00/000000.chunks",
            "levels/01/000000.chunks",
            "MANIFEST",
        ]
        .into_iter()
        .enumerate()
        {
            let copy = folder.path().join(format!("shard-{number}"));
            copy_dir(&original, &copy);
            if !stretch(&copy.join(name), LENGTHS[1]) {
                return;
            }
            let storage = place(OsFiles, &copy);
            let (opened, taken) = peak(|| open(&storage, RecoveryMode::Strict));
            assert_bounded(&format!("{name} of a tebibyte"), taken);
            match opened {
                // Bytes behind those that a manifest names are not read.
                Ok(tree) => assert!(
                    number < 2 && is_prefix(tree.snapshot().root(), leaves.len() as u64, &leaves)
                ),
                Err(error) => assert!(
                    number == 2 && error.to_string().contains("MANIFEST"),
                    "{error}"
                ),
            }
        }
    });
}

/// A manifest of a tree that is not there, as large as `size`, with tails of the right lengths.
fn crafted(honest: &Manifest, size: u64) -> Manifest {
    let mut next = Manifest {
        size,
        max_depth: 64.min(honest.max_depth.max(size.ilog2() + 1)),
        clean_close: None,
        ..honest.clone()
    };
    next.durable = next.position();
    let shape = next.shape();
    let tail = |level| LevelTail {
        nodes: vec![[7; 32]; shape.tail_nodes(level)],
        sums: vec![7; shape.tail_sums(level)],
    };
    next.levels = shape.stored_levels().map(tail).collect();
    next
}

#[test]
fn a_manifest_of_a_tree_that_is_not_there_is_refused_for_what_it_costs_to_see_that() {
    let _watchdog = Watchdog::start("crafted manifests", Duration::from_secs(120));
    alone(|| {
        let (folder, original, _) = honest(true);
        let bytes = fs::read(original.join("MANIFEST")).unwrap();
        let manifest = Manifest::decode("MANIFEST", &bytes).unwrap();
        for (number, size) in [(1 << 25) - 1, 1 << 25, (1 << 31) + 12_345, (1 << 32) - 1]
            .into_iter()
            .enumerate()
        {
            // 32 KiB for each full shard are its due: where there would be too many for the bound,
            // they are missing.
            for with_files in [false, number < 3] {
                let copy = folder.path().join(format!("crafted-{number}-{with_files}"));
                copy_dir(&original, &copy);
                let crafted = crafted(&manifest, size);
                fs::write(copy.join("MANIFEST"), crafted.encode()).unwrap();
                if with_files {
                    // Every file that it names, in full length and made of nothing.
                    let shape = crafted.shape();
                    for level in shape.stored_levels() {
                        let directory = copy.join(format!("levels/{level:02}"));
                        fs::create_dir_all(&directory).unwrap();
                        for shard in 0..shape.chunks(level).div_ceil(1 << 18) {
                            for (kind, len) in [("chunks", GIB), ("sums", 1 << 20)] {
                                let file =
                                    File::create(directory.join(format!("{shard:06}.{kind}")))
                                        .unwrap();
                                file.set_len(len).unwrap();
                            }
                        }
                    }
                }
                let storage = place(OsFiles, &copy);
                for mode in MODES {
                    let (opened, taken) = peak(|| open(&storage, mode));
                    assert_bounded(
                        &format!("a tree of {size} leaves, files {with_files}"),
                        taken,
                    );
                    assert!(
                        matches!(
                            &opened,
                            Err(RotorTreeError::Storage(
                                StorageError::DataCorruption { .. }
                                    | StorageError::CrcMismatch { .. }
                            ))
                        ),
                        "there is no such tree: {opened:?}"
                    );
                }
            }
        }
    });
}
