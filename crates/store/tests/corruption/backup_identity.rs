//! The tree that may extend a backup, and the backups that may be extended: decided by records,
//! never by resemblance.

use std::{path::PathBuf, sync::Arc};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    RecoveryMode, RotorTreeError, StorageError, StoreIdentity, fs::FsStorage, manifest::Manifest,
    storage::Storage, test_util::sim_files::SimFiles,
};

use super::store::{Tree, config};

fn place(files: &SimFiles, path: &str) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_files(files.clone(), path))
}

fn open(files: &SimFiles, path: &str) -> Tree {
    let config = config(RecoveryMode::StopAtLastValid);
    config
        .storage(place(files, path))
        .open(Blake3Hasher)
        .unwrap()
}

/// The files below a path with their bytes.
fn contents(files: &SimFiles, path: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let below = path.trim_start_matches('/');
    let paths = files.list_files().into_iter();
    let mut found: Vec<_> = paths
        .filter(|file| file.starts_with(below))
        .map(|file| {
            let bytes = files.read_file(PathBuf::from("/").join(&file)).unwrap();
            (file, bytes)
        })
        .collect();
    found.sort();
    found
}

/// Holds a backup to being refused, for a reason, with no byte of its target changed.
#[track_caller]
fn assert_refused(tree: &Tree, files: &SimFiles, target: &str, reason: &str) {
    let before = contents(files, target);
    for _ in 0..2 {
        let error = tree.backup_to(place(files, target)).unwrap_err();
        let RotorTreeError::Storage(StorageError::ForeignDirectory { found, .. }) = &error else {
            panic!("{target}: {error}");
        };
        assert!(found.contains(reason), "{target}: {error}");
        assert!(contents(files, target) == before, "{target} was changed");
    }
    assert!(tree.failure().is_none());
}

fn leaves() -> Vec<Hash> {
    reference::sample_leaves(50, 700)
}

#[test]
fn what_only_resembles_a_backup_is_refused_and_stays_as_it_is() {
    let (files, leaves) = (SimFiles::new(), leaves());
    let tree = open(&files, "/tree");
    tree.append(&leaves[..300]).submit().unwrap();
    tree.backup_to(place(&files, "/copy")).unwrap();
    tree.backup_to(place(&files, "/looked-at")).unwrap();

    // Entries without leaves: sizes and roots are those of a backup.
    let copy = open(&files, "/copy");
    copy.append(&[]).metadata(b"paid").durable().unwrap();
    copy.close().unwrap();
    // Checkpointed, so that no entry is left in its log.
    let other = open(&files, "/other");
    let placed = other.append(&leaves[..300]).metadata(b"its own").durable();
    placed.unwrap();
    other.checkpoint().unwrap();
    other.backup_to(place(&files, "/backup-of-other")).unwrap();
    other.close().unwrap();
    // Opened and nothing written.
    open(&files, "/looked-at").close().unwrap();

    tree.append(&leaves[300..]).submit().unwrap();
    assert_refused(&tree, &files, "/copy", "was written to");
    let extended = tree.backup_to(place(&files, "/looked-at")).unwrap();
    assert_eq!(extended.leaves, 300..700, "it is a backup as before");
    assert_refused(&tree, &files, "/other", "no backup");
    assert_refused(
        &tree,
        &files,
        "/backup-of-other",
        "a backup of another tree",
    );
    assert_refused(&tree, &files, "/tree", "this tree itself");
    for (path, metadata) in [("/copy", &b"paid"[..]), ("/other", b"its own")] {
        let kept = open(&files, path).snapshot();
        assert_eq!((kept.size(), kept.metadata()), (300, Some(metadata)));
    }
}

#[test]
fn a_backup_stays_one_however_often_it_is_extended_read_and_inspected() {
    let (files, leaves) = (SimFiles::new(), leaves());
    for (round, part) in leaves.chunks(100).enumerate() {
        let tree = open(&files, "/tree");
        tree.append(part).submit().unwrap();
        let report = tree.backup_to(place(&files, "/backup")).unwrap();
        let begin = 100 * round as u64;
        assert_eq!(report.leaves, begin..begin + 100);
        let config = config(RecoveryMode::Strict);
        let backup = place(&files, "/backup");
        let view = config.storage(backup).open_read_only(Blake3Hasher).unwrap();
        assert_eq!(view.head(), tree.head());
        let of = |path| StoreIdentity::read(&*place(&files, path)).unwrap().unwrap();
        assert_eq!(of("/backup").backup_of, Some(of("/tree").tree_id));
        assert_eq!(of("/tree").backup_of, None);
        tree.close().unwrap();
    }
    let origin = || {
        let read = StoreIdentity::read(&*place(&files, "/backup"));
        read.unwrap().unwrap().backup_of
    };
    open(&files, "/backup").close().unwrap();
    assert!(origin().is_some(), "nothing was written to it");
    let restored = open(&files, "/backup");
    restored.append(&leaves[..1]).durable().unwrap();
    assert_eq!(origin(), None, "it is a tree of its own now");
}

#[test]
fn a_backup_of_a_backup_is_extended_by_the_one_that_it_was_made_of() {
    let (files, leaves) = (SimFiles::new(), leaves());
    let tree = open(&files, "/tree");
    tree.append(&leaves[..300]).submit().unwrap();
    tree.backup_to(place(&files, "/backup")).unwrap();
    let restored = open(&files, "/backup");
    restored.backup_to(place(&files, "/second")).unwrap();

    assert_refused(&tree, &files, "/second", "a backup of another tree");
    restored.append(&leaves[300..310]).submit().unwrap();
    let extended = restored.backup_to(place(&files, "/second")).unwrap();
    assert_eq!(extended.leaves, 300..310);
    // The restored tree goes its own way: the first has no claim on it, nor it on a backup
    // of the first.
    tree.backup_to(place(&files, "/third")).unwrap();
    restored.close().unwrap();
    assert_refused(&tree, &files, "/backup", "was written to");
    let restored = open(&files, "/backup");
    assert_refused(&restored, &files, "/third", "a backup of another tree");
}

#[test]
fn a_tree_that_was_put_back_to_an_earlier_state_extends_no_backup_of_a_later_one() {
    let (files, leaves) = (SimFiles::new(), leaves());
    let tree = open(&files, "/tree");
    tree.append(&leaves[..300]).submit().unwrap();
    tree.close().unwrap();
    let earlier = files.settled();
    let tree = open(&files, "/tree");
    // Metadata alone, over several manifests: size and root stay those of the earlier state.
    for round in 0..4_u8 {
        tree.append(&[]).metadata(&[round]).durable().unwrap();
        tree.checkpoint().unwrap();
    }
    tree.backup_to(place(&files, "/backup")).unwrap();
    tree.close().unwrap();
    for (path, bytes) in contents(&files, "/backup") {
        earlier.write_file(PathBuf::from("/").join(path), &bytes);
    }

    let put_back = open(&earlier, "/tree");
    assert_refused(&put_back, &earlier, "/backup", "a later state");
    // More leaves than the backup has, and more entries, and still the fewer manifests.
    for &leaf in &leaves[300..320] {
        put_back.insert(leaf).unwrap().1.wait().unwrap();
    }
    assert_refused(&put_back, &earlier, "/backup", "a later state");
    // With as many manifests only its leaves and entries tell.
    let mut kept = contents(&earlier, "/backup");
    kept.retain(|(path, _)| path.ends_with("MANIFEST"));
    let backup = Manifest::decode("backup", &kept[0].1).unwrap();
    assert_eq!(backup.metadata.as_deref(), Some(&[3][..]));
}

#[test]
fn a_tree_that_was_put_back_and_took_other_leaves_is_another_history() {
    let (files, leaves) = (SimFiles::new(), leaves());
    let tree = open(&files, "/tree");
    tree.append(&leaves[..300]).submit().unwrap();
    tree.close().unwrap();
    let earlier = files.settled();
    let tree = open(&files, "/tree");
    tree.append(&leaves[300..350]).submit().unwrap();
    tree.backup_to(place(&files, "/backup")).unwrap();
    tree.close().unwrap();
    for (path, bytes) in contents(&files, "/backup") {
        earlier.write_file(PathBuf::from("/").join(path), &bytes);
    }
    let put_back = open(&earlier, "/tree");
    // As many manifests as the backup knows of, and more.
    for &leaf in &leaves[400..405] {
        put_back.insert(leaf).unwrap().1.wait().unwrap();
        put_back.checkpoint().unwrap();
    }
    assert_refused(&put_back, &earlier, "/backup", "more leaves");
    put_back.append(&leaves[405..600]).submit().unwrap();
    assert_refused(&put_back, &earlier, "/backup", "other leaves");
}

#[test]
fn a_backup_tells_the_cuts_that_its_tree_tells() {
    let (files, leaves) = (SimFiles::new(), leaves());
    let tree = open(&files, "/tree");
    for part in leaves[..40].chunks(2) {
        tree.append(part).durable().unwrap();
    }
    tree.close().unwrap();
    let mut log: Vec<_> = contents(&files, "/tree");
    log.retain(|(path, _)| path.extension().is_some_and(|name| name == "wal"));
    let (path, mut bytes) = log.pop().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    files.write_file(PathBuf::from("/").join(path), &bytes);

    // A view sees the damage as well, and has no manifest to record a cut in.
    let config = config(RecoveryMode::StopAtLastValid);
    let view = config.storage(place(&files, "/tree"));
    let view = view.open_read_only(Blake3Hasher).unwrap();
    assert!(view.size() < 40 && view.recovery_report().damage.is_some());
    let refused = view.backup_to(place(&files, "/backup")).unwrap_err();
    assert!(
        matches!(&refused, RotorTreeError::Storage(StorageError::WalCorrupted { valid_size, .. })
            if *valid_size == view.size()),
        "{refused}"
    );
    assert_eq!(contents(&files, "/backup"), []);

    let tree = open(&files, "/tree");
    assert!(tree.size() < 40 && tree.recovery_report().damage.is_some());
    tree.backup_to(place(&files, "/backup")).unwrap();
    let cuts = |path: &str| {
        let bytes = files.read_file(format!("{path}/MANIFEST")).unwrap();
        Manifest::decode(path, &bytes).unwrap().cuts
    };
    assert_eq!(cuts("/tree").len(), 1);
    assert_eq!(cuts("/backup"), cuts("/tree"));
    // Restored and opened they are told on.
    open(&files, "/backup").close().unwrap();
    assert_eq!(cuts("/backup"), cuts("/tree"));
}
