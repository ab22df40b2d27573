//! Damage is never silent: an error names the file, or a report names the cut.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rotortree::{Blake3Hasher, RecoveryMode, StorageError};

use crate::{
    place::contents,
    support::{Tree, leaf, leaves, open, quiet, storage_error},
};

/// A tree of 700 leaves, 600 of them checkpointed, and 100 in the log as entries of one leaf.
fn store() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    tree.insert_many(&leaves(0..600)).unwrap();
    tree.checkpoint().unwrap();
    for k in 600..700 {
        tree.insert_durable(leaf(k)).unwrap();
    }
    tree.close().unwrap();
    dir
}

fn files(root: &Path, below: &str) -> Vec<PathBuf> {
    contents(root)
        .into_iter()
        .filter(|(name, bytes)| bytes.is_some() && name.starts_with(below))
        .map(|(name, _)| root.join(name))
        .collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

fn refused(root: &Path, mode: RecoveryMode) -> StorageError {
    let before = contents(root);
    let outcome = Tree::<2>::builder(quiet(root))
        .recovery(mode)
        .open(Blake3Hasher);
    let error = storage_error(outcome);
    assert_eq!(contents(root), before, "files stay as they were: {error}");
    error
}

#[test]
fn a_damaged_log_is_cut_kept_aside_and_told() {
    let dir = store();
    let [log] = &files(dir.path(), "log")[..] else {
        panic!("one segment is left after a checkpoint");
    };
    let damaged = fs::read(log).unwrap();
    // The front of a sector in the middle: a group's header, which every sync begins with.
    let at = damaged.len() / 2 / 512 * 512 + 8;
    flip(log, at);
    let error = refused(dir.path(), RecoveryMode::Strict);
    match &error {
        StorageError::WalCorrupted {
            file,
            offset,
            valid_sequence,
            durable_sequence,
            ..
        } => {
            assert!(!file.is_empty() && *offset <= at as u64);
            assert!(valid_sequence < durable_sequence);
        }
        _ => panic!("{error}"),
    }

    let tree = open::<2>(dir.path());
    let size = tree.size();
    assert!((600..700).contains(&size), "{size}");
    let report = tree.recovery_report();
    let damage = report.damage.unwrap();
    assert!(damage.valid_sequence < damage.durable_sequence);
    assert_eq!(damage.quarantined.len(), 1);
    let kept = fs::read(&damage.quarantined[0]).unwrap();
    let cut = &damaged[usize::try_from(damage.at.offset).unwrap()..];
    assert_eq!(
        kept[..512],
        damaged[..512],
        "the header, without whose salt nothing can be checked"
    );
    assert_eq!(kept[512..].len(), cut.len());
    assert!(
        kept.len() > 1024 && kept[1024..] == cut[512..],
        "and all that was cut"
    );
    let snapshot = tree.snapshot();
    let mut rest = snapshot.leaves(0..size).unwrap();
    assert!(
        (0..size).all(|k| rest.next().unwrap().unwrap() == leaf(k)),
        "a prefix"
    );
    tree.insert_many(&leaves(size..700)).unwrap();
    tree.close().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!((tree.size(), tree.recovery_report().damage), (700, None));
}

#[test]
fn a_damaged_or_emptied_manifest_is_an_error_and_never_an_empty_tree() {
    let dir = store();
    let manifest = dir.path().join("MANIFEST");
    let good = fs::read(&manifest).unwrap();
    for mode in [RecoveryMode::StopAtLastValid, RecoveryMode::Strict] {
        for at in (0..good.len()).step_by(good.len() / 16) {
            flip(&manifest, at);
            let error = refused(dir.path(), mode);
            assert!(
                matches!(
                    error,
                    StorageError::DataCorruption { .. }
                        | StorageError::CrcMismatch { .. }
                        | StorageError::UnsupportedFormat { .. }
                ),
                "byte {at}: {error}"
            );
            fs::write(&manifest, &good).unwrap();
        }
        for len in [0, 1, good.len() - 1] {
            fs::write(&manifest, &good[..len]).unwrap();
            let told = refused(dir.path(), mode).to_string();
            assert!(
                told.contains("MANIFEST") || told.contains("manifest"),
                "{told}"
            );
        }
        fs::write(&manifest, &good).unwrap();
    }
    assert_eq!(open::<2>(dir.path()).size(), 700);
}

#[test]
fn damaged_chunks_are_found_when_opening() {
    let dir = store();
    let levels = files(dir.path(), "levels");
    assert!(!levels.is_empty());
    for file in &levels {
        let good = fs::read(file).unwrap();
        flip(file, 100);
        let told = refused(dir.path(), RecoveryMode::StopAtLastValid);
        assert!(
            matches!(
                told,
                StorageError::CrcMismatch { .. } | StorageError::DataCorruption { .. }
            ),
            "{told}"
        );
        fs::write(file, &good).unwrap();
        fs::remove_file(file).unwrap();
        refused(dir.path(), RecoveryMode::StopAtLastValid);
        fs::write(file, &good).unwrap();
    }
    assert_eq!(open::<2>(dir.path()).size(), 700);
}

#[test]
fn without_verification_a_damaged_chunk_is_found_when_it_is_read() {
    let dir = store();
    let chunks = dir.path().join("levels/00/000000.chunks");
    flip(&chunks, 4096 + 7);
    let config = rotortree::RotorTreeConfig {
        verify_checkpoint: false,
        ..quiet(dir.path())
    };
    let tree = Tree::<2>::open(Blake3Hasher, config).unwrap();
    let snapshot = tree.snapshot();
    let head = snapshot.head().unwrap();
    let proof = snapshot.generate_proof(5).unwrap();
    proof
        .verify_against(&Blake3Hasher, head)
        .expect("another chunk is served");
    // Leaf 130's sibling or a node above it, all of which follow from the chunk.
    let error = snapshot.generate_proof(130).unwrap_err();
    assert!(
        matches!(
            error,
            rotortree::TreeError::NodeUnavailable { level: 0..7, .. }
        ),
        "{error}"
    );
    let error = tree.verify().unwrap_err();
    assert!(matches!(error, StorageError::CrcMismatch { .. }), "{error}");
    assert!(error.to_string().contains("chunks"), "{error}");
    assert!(
        tree.failure().is_none(),
        "a chunk that cannot be read stops no writer"
    );
    tree.insert_durable(leaf(700)).unwrap();
}

#[test]
fn progress_is_told_while_opening() {
    use rotortree::OpenProgress;
    use std::sync::{Arc, Mutex};
    let dir = store();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let tree = Tree::<2>::builder(quiet(dir.path()))
        .progress(move |progress| told.lock().unwrap().push(progress))
        .open(Blake3Hasher)
        .unwrap();
    assert_eq!(tree.size(), 700);
    let verified: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .filter_map(|progress| match progress {
            OpenProgress::Verified { done, total } => Some((*done, *total)),
            _ => None,
        })
        .collect();
    assert!(verified.is_sorted());
    // The complete inner nodes over 600 leaves.
    let nodes = 300 + 150 + 75 + 37 + 18 + 9 + 4 + 2 + 1;
    assert_eq!(verified.last(), Some(&(nodes, nodes)));
}
