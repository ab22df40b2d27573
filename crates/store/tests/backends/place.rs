//! The content of a directory before it is a store's: classified, reported, and left unchanged.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use rotortree_store::{
    StorageError, StoreIdentity,
    fs::FsStorage,
    storage::{Place, Shard, Storage, Stream, WriteError},
    test_util::sim_files::{Call, Effect, Fault, SimFiles},
};

/// Every file below a directory with its bytes, and every directory.
fn contents(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path.clone());
                all.insert(path, None);
            } else {
                let bytes = fs::read(&path).unwrap();
                all.insert(path, Some(bytes));
            }
        }
    }
    all
}

/// Makes files (`name`, or `name/` for a directory) and tells what `inspect` says, which must
/// change nothing.
fn inspect(names: &[&str]) -> Place {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::write(path, [7; 600]).unwrap();
        }
    }
    let before = contents(dir.path());
    let place = FsStorage::new(dir.path()).inspect().unwrap();
    assert_eq!(contents(dir.path()), before);
    place
}

fn foreign(names: &[&str]) -> String {
    match inspect(names) {
        Place::Foreign { found } => found,
        other => panic!("{names:?} is {other:?}"),
    }
}

#[test]
fn a_missing_or_empty_directory_is_vacant() {
    assert_eq!(inspect(&[]), Place::Vacant);
    let dir = tempfile::tempdir().unwrap();
    let storage = FsStorage::new(dir.path().join("not/there"));
    assert_eq!(storage.inspect().unwrap(), Place::Vacant);
    assert!(contents(dir.path()).is_empty());
}

#[test]
fn what_a_crashed_creation_leaves_is_vacant() {
    assert_eq!(inspect(&["LOCK"]), Place::Vacant);
    assert_eq!(inspect(&["LOCK", "log/"]), Place::Vacant);
    let temporaries = ["LOCK", "MANIFEST.tmp", "log/0000000000000001.wal.tmp"];
    assert_eq!(inspect(&temporaries), Place::Vacant);
}

#[test]
fn the_layout_of_the_published_crate_is_named() {
    let found = foreign(&["wal", "data/level_0"]);
    assert!(
        found.contains("`wal`") && found.contains("`data`"),
        "{found}"
    );
    assert!(found.contains("rotortree 0.20 or earlier"), "{found}");
}

/// The log of rotortree 0.20.0 for N = 4 and 20 levels; until its first checkpoint it has no
/// directory `data`.
const PUBLISHED_LOG: [u8; 24] = [
    0x10, 0, 0, 0, 0, 0, 0, 0, b'R', b'O', b'T', b'R', 4, 0, 0, 0, 0x14, 0, 0, 0, 0x96, 0x78, 0x85,
    0x85,
];

#[test]
fn the_layout_of_the_published_crate_is_named_before_its_first_checkpoint() {
    let found = |log: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("wal"), log).unwrap();
        let found = match FsStorage::new(dir.path()).inspect().unwrap() {
            Place::Foreign { found } => found,
            other => panic!("{other:?}"),
        };
        assert_eq!(fs::read(dir.path().join("wal")).unwrap(), log);
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "it is left as it was"
        );
        found
    };
    let named = found(&PUBLISHED_LOG);
    assert!(named.contains("rotortree 0.20 or earlier"), "{named}");
    // Another program's `wal` is told by its name alone, however short it is.
    for other in [&PUBLISHED_LOG[..11], b"", b"a log of something else"] {
        assert_eq!(found(other), "a file `wal`");
    }
}

#[test]
fn other_peoples_files_are_told_by_name_and_not_all_of_them() {
    assert_eq!(foreign(&["notes.txt"]), "a file `notes.txt`");
    let mount_point = foreign(&["lost+found/"]);
    assert!(
        mount_point.starts_with("a directory `lost+found`"),
        "{mount_point}"
    );
    assert!(
        mount_point.contains("use a directory below it"),
        "{mount_point}"
    );
    assert_eq!(foreign(&["log/today.txt"]), "a file `log/today.txt`");
    assert_eq!(foreign(&["levels/first.map"]), "a directory `levels`");
    let many = foreign(&["a", "b", "c", "d", "e", "f"]);
    assert!(
        many.contains("`d`") && many.ends_with("and 2 more"),
        "{many}"
    );
}

#[test]
fn parts_of_a_store_without_its_manifest_are_told() {
    for (names, told) in [
        (&["log/0000000000000001.wal"][..], "1 log segment in `log`"),
        (&["levels/00/000000.chunks"], "a directory `levels`"),
        (&["aside/tail-0.bytes"], "a directory `aside`"),
        (&["log/0000000000000004.wal", "notes.txt"], "1 log segment"),
        (
            &["log/0000000000000004.wal", "log/0000000000000005.wal"],
            "2 log segments",
        ),
    ] {
        match inspect(names) {
            Place::ManifestMissing { found } => assert!(found.contains(told), "{found}"),
            other => panic!("{names:?} is {other:?}"),
        }
    }
}

#[test]
fn unknown_files_beside_a_manifest_are_left_alone() {
    let names = [
        "MANIFEST",
        "lost+found/",
        ".notes.swp",
        "log/README",
        "aside/mine.tmp",
    ];
    assert_eq!(inspect(&names), Place::Occupied);
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "MANIFEST",
        "notes",
        "log/README",
        "aside/mine.tmp",
        "log/1.wal.tmp",
    ] {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        fs::write(dir.path().join(name), "kept").unwrap();
    }
    let before = contents(dir.path());
    let storage = FsStorage::new(dir.path());
    fs::write(dir.path().join("log/0000000000000007.wal.tmp"), "swept").unwrap();
    fs::write(dir.path().join("aside/tail-1.bytes.tmp"), "swept").unwrap();
    fs::write(dir.path().join("MANIFEST.tmp"), "swept").unwrap();
    storage.sweep().unwrap();
    assert_eq!(contents(dir.path()), before);
    assert_eq!(storage.list_segments().unwrap(), []);
}

#[test]
fn a_path_that_is_a_file_or_below_one_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    fs::write(&file, "content").unwrap();
    for path in [file.clone(), file.join("tree")] {
        let storage = FsStorage::new(&path);
        let errors = [storage.inspect().map(drop), storage.acquire().map(drop)];
        for error in errors.map(Result::unwrap_err) {
            assert!(matches!(error, StorageError::Io(_)), "{error:?}");
            assert!(error.to_string().contains("a-file"), "{error}");
        }
    }
    assert_eq!(fs::read(&file).unwrap(), b"content");
}

#[test]
fn an_empty_path_is_an_error_and_no_panic() {
    let storage = FsStorage::new("");
    assert!(storage.acquire().is_err());
    let _ = storage.inspect();
}

#[cfg(unix)]
#[test]
fn a_directory_that_may_not_be_written_is_an_error_that_names_it() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::create_dir(closed.join("probe")).is_ok() {
        // Permissions do not bind this user.
        return;
    }
    let error = FsStorage::new(closed.join("tree")).acquire().unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
    match error {
        StorageError::Io(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        other => panic!("{other:?}"),
    }
}

#[test]
fn missing_directories_above_are_created() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FsStorage::new(dir.path().join("a/b/c"));
    let _owner = storage.acquire().unwrap();
    assert!(dir.path().join("a/b/c/LOCK").is_file());
}

#[test]
fn an_oversized_manifest_is_damage_and_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = fs::File::create(dir.path().join("MANIFEST")).unwrap();
    file.set_len(1 << 40).unwrap();
    let storage = FsStorage::new(dir.path());
    assert_eq!(storage.inspect().unwrap(), Place::Occupied);
    let error = storage.load_manifest().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("MANIFEST"), "{error}");
    let error = StoreIdentity::read(&storage).unwrap_err();
    let StorageError::DataCorruption { file, .. } = &error else {
        panic!("{error}");
    };
    assert!(file.ends_with("MANIFEST"), "{error}");
}

#[test]
fn a_segment_that_was_emptied_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FsStorage::new(dir.path());
    let _owner = storage.acquire().unwrap();
    storage.create_segment(3, b"header").unwrap();
    let path = dir.path().join("log/0000000000000003.wal");
    fs::write(&path, "").unwrap();
    let error = storage.read_segment(3).map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "{error}"
    );
}

#[test]
fn a_shard_that_was_cut_is_an_error_that_names_it() {
    use rotortree_store::{
        chunk::CHUNK_BYTES,
        storage::{Reads, Shard, Stream},
    };

    let shard = Shard {
        stream: Stream::Chunks,
        level: 7,
        index: 0,
    };

    let dir = tempfile::tempdir().unwrap();
    let storage = FsStorage::new(dir.path());
    let _owner = storage.acquire().unwrap();
    let mut units = storage.start_units(&[]).unwrap();
    units.put(shard, 0, &[1; 2 * CHUNK_BYTES]).unwrap();
    let locator = units.finish().unwrap();
    let path = dir.path().join("levels/07/000000.chunks");
    let view = storage.region(&locator, shard, 2, Reads::Positioned);
    let view = view.unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(5000)
        .unwrap();
    let name = path.display().to_string();
    for reads in [Reads::Mapped, Reads::Positioned] {
        let error = storage.region(&locator, shard, 2, reads);
        let error = error.map(drop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(error.to_string().contains(&name), "{error}");
    }
    // A view that was there before finds out when it reads.
    let error = view.read_at(4096, &mut [0; 4096]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains(&name), "{error}");
    view.read_at(0, &mut [0; 4096]).unwrap();
}

#[test]
fn a_lock_that_cannot_be_had_is_told_by_the_name_of_its_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("LOCK")).unwrap();
    let error = FsStorage::new(dir.path()).acquire().map(drop).unwrap_err();
    assert!(!matches!(error, StorageError::FileLocked), "{error}");
    let told = error.to_string();
    let lock = dir.path().join("LOCK").display().to_string();
    assert!(told.contains(&lock), "{told}");
}

/// A file system without syncing of directories, which is not a device that fails to sync one.
fn without_directory_syncs(kind: io::ErrorKind) -> SimFiles {
    let files = SimFiles::new();
    files.inject(
        Fault::new(0, Effect::Error(kind))
            .on(Call::SyncDir)
            .for_good(),
    );
    files
}

#[test]
fn a_file_system_that_cannot_sync_directories_is_refused_unless_it_is_asked_for() {
    let unsupported = || without_directory_syncs(io::ErrorKind::Unsupported);
    let refused = FsStorage::with_files(unsupported(), "/tree").acquire();
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("a loss of power could take back"), "{text}");
    assert!(text.contains("allow_unsynced_directories"), "{text}");

    let allowed = |files| FsStorage::with_files(files, "/tree").allow_unsynced_directories();
    let storage = allowed(unsupported());
    let _owner = storage.acquire().unwrap();
    storage.sweep().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    storage.commit_group(1, 512, &[2; 512]).unwrap();
    storage.commit_manifest(0, b"first").unwrap();
    storage.commit_manifest(1, b"second").unwrap();
    assert_eq!(storage.load_manifest().unwrap().unwrap(), b"second");

    // Failing to sync is not being unable to.
    let failing = allowed(without_directory_syncs(io::ErrorKind::Other));
    failing.acquire().unwrap_err();
}

#[test]
fn a_copy_of_a_shard_that_a_crash_left_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FsStorage::new(dir.path().join("tree"));
    let _owner = storage.acquire().unwrap();
    fs::create_dir_all(dir.path().join("tree/levels/07")).unwrap();
    for name in ["000000.chunks.tmp", "000000.sums.tmp"] {
        fs::write(dir.path().join("tree/levels/07").join(name), "half").unwrap();
    }
    fs::write(dir.path().join("tree/levels/07/notes.tmp"), "mine").unwrap();
    storage.sweep().unwrap();
    let left: Vec<_> = fs::read_dir(dir.path().join("tree/levels/07"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["notes.tmp"]);
}

/// A store of one segment and a manifest, owned.
fn owned(path: &Path) -> (FsStorage, Box<dyn rotortree_store::storage::Ownership>) {
    let storage = FsStorage::new(path);
    let owner = storage.acquire().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    storage.commit_manifest(0, b"ours").unwrap();
    storage.commit_group(1, 512, &[2; 512]).unwrap();
    (storage, owner)
}

/// Puts a file of the same bytes in the place of another, as a restore does.
fn put_in_place(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path.with_extension("new"), bytes).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
}

#[cfg(unix)]
#[test]
fn a_segment_in_the_place_of_the_one_that_was_open_is_refused() {
    for idle in [false, true] {
        for removed in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let (storage, _owner) = owned(dir.path());
            let segment = dir.path().join("log/0000000000000001.wal");
            if idle {
                storage.release_idle();
            }
            if removed {
                fs::remove_file(&segment).unwrap();
            } else {
                put_in_place(&segment);
            }
            let before = fs::read(&segment).ok();
            let error = storage.commit_group(1, 1024, &[3; 512]).unwrap_err();
            assert!(matches!(error, WriteError::Fenced(_)), "{error}");
            let text = error.to_string();
            let told = ["removed", "took its place"].iter();
            assert!(told.clone().any(|told| text.contains(told)), "{text}");
            assert_eq!(before.is_some(), !removed);
            assert_eq!(fs::read(&segment).ok(), before);
        }
    }
}

/// The bytes that segment `number` brings along from an earlier one, and the names in the log.
#[cfg(unix)]
fn start(storage: &FsStorage, dir: &Path, number: u64) -> (u64, usize) {
    let mut segment = storage.start_segment(number).unwrap();
    let remains = segment.remains();
    segment.write(&[number as u8; 512]).unwrap();
    assert_eq!(segment.finish().unwrap(), 512);
    storage.commit_group(number, 512, &[7; 512]).unwrap();
    (remains, fs::read_dir(dir.join("log")).unwrap().count())
}

#[cfg(unix)]
#[test]
fn a_covered_segment_of_this_owner_is_written_over_while_it_writes() {
    let dir = tempfile::tempdir().unwrap();
    let (storage, owner) = owned(dir.path());
    storage.commit_group(1, 1024, &[3; 4096]).unwrap();
    assert_eq!(start(&storage, dir.path(), 2), (0, 2));
    storage.retire_segment(1).unwrap();
    let (remains, names) = start(&storage, dir.path(), 3);
    assert!(remains >= 5120, "{remains} bytes");
    assert_eq!(names, 2, "the file has one name");
    let over = fs::read(dir.path().join("log/0000000000000003.wal")).unwrap();
    assert_eq!(over.len() as u64, remains);
    assert_eq!(over[512..1536], [[7; 512], [3; 512]].concat());

    // One file is kept, and given back when the tree falls idle.
    storage.retire_segment(2).unwrap();
    storage.release_idle();
    assert_eq!(start(&storage, dir.path(), 4), (0, 2));
    // A backup by hard links has the file too, made before or after it was covered.
    let link = |file: &str, name: &str| {
        let link = dir.path().join(name);
        fs::hard_link(dir.path().join("log").join(file), &link).unwrap();
        link
    };
    let before = link("0000000000000003.wal", "before");
    storage.retire_segment(3).unwrap();
    assert_eq!(start(&storage, dir.path(), 5), (0, 2));
    storage.retire_segment(4).unwrap();
    let after = link("spare.wal.tmp", "after");
    assert_eq!(start(&storage, dir.path(), 6), (0, 2));
    for link in [before, after] {
        assert_eq!(fs::read(link).unwrap()[512..1024], [7; 512]);
    }
    // What another owner left is none of this one's, and a file that was kept is swept.
    storage.retire_segment(5).unwrap();
    assert!(dir.path().join("log/spare.wal.tmp").exists());
    drop((storage, owner));
    let storage = FsStorage::new(dir.path());
    let _owner = storage.acquire().unwrap();
    storage.sweep().unwrap();
    assert!(!dir.path().join("log/spare.wal.tmp").exists());
    assert_eq!(start(&storage, dir.path(), 7), (0, 2));
    storage.retire_segment(6).unwrap();
    assert_eq!(start(&storage, dir.path(), 8), (0, 2));
}

#[test]
fn a_manifest_in_the_place_of_ours_is_found_and_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let (storage, _owner) = owned(dir.path());
    let manifest = dir.path().join("MANIFEST");
    // The same bytes are the same manifest.
    put_in_place(&manifest);
    storage.commit_group(1, 1024, &[3; 512]).unwrap();
    fs::write(&manifest, b"ours").unwrap();
    storage.commit_manifest(1, b"ours too").unwrap();

    fs::write(dir.path().join("theirs"), b"theirs").unwrap();
    fs::rename(dir.path().join("theirs"), &manifest).unwrap();
    // Another look at it, through this handle, does not make it ours.
    assert_eq!(storage.load_manifest().unwrap().unwrap(), b"theirs");
    let refused = storage.commit_manifest(2, b"ours once more").unwrap_err();
    assert!(matches!(refused, WriteError::Fenced(_)), "{refused}");
    let shard = Shard {
        stream: Stream::Chunks,
        level: 0,
        index: 0,
    };
    let mut units = storage.start_units(&[]).unwrap();
    units.put(shard, 0, &[5; 4096]).unwrap_err();
    assert!(!dir.path().join("levels").exists());
    if cfg!(unix) {
        storage.commit_group(1, 1536, &[4; 512]).unwrap_err();
    }
    assert_eq!(fs::read(&manifest).unwrap(), b"theirs");
    assert!(!dir.path().join("MANIFEST.tmp").exists());
}
