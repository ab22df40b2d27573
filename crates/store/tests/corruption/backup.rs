//! Backups: files exchanged with the original's, and places that are refused.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    RecoveryMode, RotorTreeError, StorageError, fs::FsStorage, storage::Storage,
    test_util::sim_files::SimFiles,
};

use super::store::{Tree, config};

const ORIGINAL: &str = "/tree";
const BACKUP: &str = "/backup";
/// Enough for a sector of checksums on the lowest level.
const LEAVES: usize = 128 * 128 + 300;

fn place(files: &SimFiles, path: &str) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_files(files.clone(), path))
}

fn open(storage: &Arc<dyn Storage>, recovery: RecoveryMode) -> Result<Tree, RotorTreeError> {
    config(recovery)
        .storage(Arc::clone(storage))
        .open(Blake3Hasher)
}

/// An original and its backup, both closed.
fn pair(leaves: &[Hash]) -> SimFiles {
    let files = SimFiles::new();
    let tree = open(&place(&files, ORIGINAL), RecoveryMode::Strict).unwrap();
    tree.append(leaves).metadata(b"cursor").submit().unwrap();
    tree.checkpoint().unwrap();
    let report = tree.backup_to(place(&files, BACKUP)).unwrap();
    assert_eq!(report.leaves, 0..leaves.len() as u64);
    tree.close().unwrap();
    files.settled()
}

/// The kinds of files that are exchanged.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Manifest,
    Log,
    Chunks,
    Sums,
    Levels,
    LogAndLevels,
    LogAndManifest,
    LevelsAndManifest,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Manifest,
        Self::Log,
        Self::Chunks,
        Self::Sums,
        Self::Levels,
        Self::LogAndLevels,
        Self::LogAndManifest,
        Self::LevelsAndManifest,
    ];

    fn has(self, path: &Path) -> bool {
        let is = |extension: &str| path.extension().is_some_and(|found| found == extension);
        let (manifest, log) = (path.ends_with("MANIFEST"), is("wal"));
        let (chunks, sums) = (is("chunks"), is("sums"));
        match self {
            Self::Manifest => manifest,
            Self::Log => log,
            Self::Chunks => chunks,
            Self::Sums => sums,
            Self::Levels => chunks || sums,
            Self::LogAndLevels => log || chunks || sums,
            Self::LogAndManifest => log || manifest,
            Self::LevelsAndManifest => chunks || sums || manifest,
        }
    }
}

/// The files of a store of some kind, by their path in it.
fn of_kind(files: &SimFiles, store: &str, kind: Kind) -> Vec<PathBuf> {
    let all = files.list_files().into_iter();
    // The listing starts at the root, without its slash.
    let store = store.trim_start_matches('/');
    let below = all.filter_map(|path| path.strip_prefix(store).ok().map(Path::to_owned));
    below.filter(|path| kind.has(path)).collect()
}

/// Replaces the files of a kind in `to` by those of `from`, names included; the log's keep the
/// names of those that they replace, where there are any.
fn exchange(files: &SimFiles, kind: Kind, from: &str, to: &str) {
    let (there, given) = (of_kind(files, to, kind), of_kind(files, from, kind));
    let with_manifest = kind.has(Path::new("MANIFEST"));
    for path in &there {
        files.remove_file(Path::new(to).join(path));
    }
    let mut segments = there.iter().filter(|path| path.starts_with("log"));
    for path in given {
        let bytes = files.read_file(Path::new(from).join(&path)).unwrap();
        let name = if path.starts_with("log") && !with_manifest {
            segments.next().unwrap_or(&path)
        } else {
            &path
        };
        files.write_file(Path::new(to).join(name), &bytes);
    }
}

#[test]
fn a_backup_opens_verified_as_the_tree_that_it_was_made_of() {
    let leaves = reference::sample_leaves(40, LEAVES);
    let files = pair(&leaves);
    let levels = reference::levels(&Blake3Hasher, 2, &leaves);
    let restored = open(&place(&files, BACKUP), RecoveryMode::Strict).unwrap();
    assert!(restored.recovery_report().verified && restored.recovery_report().was_closed);
    restored.verify().unwrap();
    let snapshot = restored.snapshot();
    assert_eq!(snapshot.metadata(), Some(&b"cursor"[..]));
    for (level, expected) in levels.iter().enumerate() {
        let mut nodes = vec![[0; 32]; expected.len()];
        snapshot.read_nodes(level, 0, &mut nodes).unwrap();
        assert_eq!(&nodes, expected, "level {level}");
    }
    assert_eq!(snapshot.size(), LEAVES as u64);
}

#[test]
fn files_exchanged_between_a_tree_and_its_backup_are_refused() {
    let leaves = reference::sample_leaves(41, LEAVES);
    let files = pair(&leaves);
    let root = reference::levels(&Blake3Hasher, 2, &leaves).last().unwrap()[0];
    for (from, to) in [(ORIGINAL, BACKUP), (BACKUP, ORIGINAL)] {
        for kind in Kind::ALL {
            for mode in [RecoveryMode::Strict, RecoveryMode::StopAtLastValid] {
                let told = format!("{kind:?} of {from} in {to}, {mode:?}");
                let mixed = files.settled();
                assert!(!of_kind(&mixed, from, kind).is_empty(), "{told}");
                exchange(&mixed, kind, from, to);
                match (kind, open(&place(&mixed, to), mode)) {
                    // A chunk is its nodes and nothing else: those of two equal trees are the same
                    // bytes, in force by their checksums.
                    (Kind::Chunks, Ok(tree)) => {
                        for path in of_kind(&files, from, kind) {
                            let file = |store| files.read_file(Path::new(store).join(&path));
                            assert_eq!(file(from), file(to), "{told}");
                        }
                        assert_eq!(tree.snapshot().root(), Some(root), "{told}");
                    }
                    (
                        _,
                        Err(RotorTreeError::Storage(
                            StorageError::DataCorruption { .. } | StorageError::CrcMismatch { .. },
                        )),
                    ) => {}
                    (_, opened) => panic!("{told}: {opened:?}"),
                }
            }
        }
    }
}

#[test]
fn chunks_of_a_restored_backup_that_went_its_own_way_are_no_chunks_of_the_original() {
    let leaves = reference::sample_leaves(42, 600);
    let files = pair(&leaves[..300]);
    for (store, more) in [(ORIGINAL, &leaves[300..450]), (BACKUP, &leaves[450..])] {
        let tree = open(&place(&files, store), RecoveryMode::Strict).unwrap();
        tree.append(more).submit().unwrap();
        tree.checkpoint().unwrap();
        tree.close().unwrap();
    }
    for (from, to) in [(ORIGINAL, BACKUP), (BACKUP, ORIGINAL)] {
        let mixed = files.settled();
        exchange(&mixed, Kind::Chunks, from, to);
        let opened = open(&place(&mixed, to), RecoveryMode::StopAtLastValid);
        assert!(
            matches!(
                opened,
                Err(RotorTreeError::Storage(StorageError::CrcMismatch { .. }))
            ),
            "{opened:?}"
        );
    }
}

/// Every file and directory below a path with its bytes.
fn contents(path: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
            found.push((path, None));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, Some(bytes)));
        }
    }
    found.sort();
    found
}

fn at(path: impl Into<PathBuf>) -> Arc<dyn Storage> {
    Arc::new(FsStorage::new(path))
}

#[test]
fn a_backup_into_the_tree_s_own_or_a_foreign_directory_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("tree");
    let tree = open(&at(&own), RecoveryMode::Strict).unwrap();
    let leaves = reference::sample_leaves(43, 300);
    tree.append(&leaves).submit().unwrap();
    tree.checkpoint().unwrap();
    let foreign = folder.path().join("foreign");
    fs::create_dir_all(foreign.join("photos")).unwrap();
    fs::write(foreign.join("photos/1"), "a picture").unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    // A mark behind the last sync could come at any time.
    tree.flush().unwrap();
    let refused = vec![
        own.clone(),
        own.join("../tree"),
        own.join("log"),
        own.join("levels"),
        own.join("levels/00"),
        foreign,
        file,
    ];
    #[cfg(unix)]
    let refused = {
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&own, &link).unwrap();
        [refused, vec![link]].concat()
    };
    let levels_and_others = |contents: Vec<(PathBuf, Option<Vec<u8>>)>| -> Vec<_> {
        let kept = |path: &Path| path.extension().is_none_or(|name| name != "wal");
        contents
            .into_iter()
            .filter(|(path, _)| kept(path))
            .collect()
    };
    let before = levels_and_others(contents(folder.path()));
    for path in refused {
        let error = tree.backup_to(at(&path)).unwrap_err();
        let is_told = matches!(
            error,
            RotorTreeError::Storage(
                StorageError::FileLocked
                    | StorageError::ForeignDirectory { .. }
                    | StorageError::Io(_)
            )
        );
        assert!(is_told, "{}: {error}", path.display());
        assert_eq!(
            levels_and_others(contents(folder.path())),
            before,
            "{}",
            path.display()
        );
    }
    assert!(tree.failure().is_none());
    tree.insert([1; 32]).unwrap().1.wait().unwrap();
    tree.close().unwrap();
    let again = open(&at(&own), RecoveryMode::Strict).unwrap();
    assert_eq!(again.size(), 301);
}

/// It could take the name of a file that the tree is about to make.
#[test]
fn a_backup_below_the_tree_s_own_directory_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("tree");
    let tree = open(&at(&own), RecoveryMode::Strict).unwrap();
    tree.append(&reference::sample_leaves(44, 600))
        .submit()
        .unwrap();
    tree.checkpoint().unwrap();
    for name in [
        "",
        "backup",
        "MANIFEST.tmp",
        "log/backup",
        "levels/00",
        "aside/new/backup",
    ] {
        let refused = tree.backup_to(at(own.join(name))).unwrap_err();
        assert!(refused.to_string().contains("outside of it"), "{refused}");
        assert!(name.is_empty() || name == "levels/00" || !own.join(name).exists());
    }
    tree.insert([1; 32]).unwrap();
    tree.close().unwrap();
    let again = open(&at(&own), RecoveryMode::Strict).unwrap();
    again.verify().unwrap();
    assert_eq!(again.size(), 601);
}
