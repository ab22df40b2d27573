//! Planned faults, failed syncs, and a disk that is full.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

const EIO: io::ErrorKind = io::ErrorKind::Other;

#[test]
fn a_fault_strikes_the_call_of_its_number_and_kind_once() {
    let files = SimFiles::new();
    let file = files.create_new(&root(), Path::new("/f")).unwrap();
    files.inject(Fault::new(2, Effect::Error(EIO)).on(Call::WriteAt));
    let results: Vec<bool> = (0..5)
        .map(|i| {
            files.sync(&file).unwrap();
            files.write_at(&file, b"x", i).is_ok()
        })
        .collect();
    assert_eq!(results, [true, true, false, true, true]);
    assert_eq!(files.struck(), 1);
}

#[test]
fn a_lasting_fault_strikes_from_its_call_on_until_healed() {
    let files = SimFiles::new();
    files.inject(Fault::new(1, Effect::Error(io::ErrorKind::StorageFull)).for_good());
    files.create_new(&root(), Path::new("/a")).unwrap();
    for name in ["/b", "/c"] {
        let error = files.create_new(&root(), Path::new(name)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        files.open(&root(), Path::new("/a")).unwrap_err();
    }
    files.heal();
    files.open(&root(), Path::new("/a")).unwrap();
    assert_eq!(files.list_files(), [Path::new("a")]);
}

#[test]
fn a_fault_on_a_path_leaves_others_alone() {
    let files = SimFiles::new();
    files.create_dir(&root(), Path::new("/d")).unwrap();
    files.inject(Fault::new(0, Effect::Error(EIO)).within("/d").for_good());
    files.create_new(&root(), Path::new("/f")).unwrap();
    files.create_new(&root(), Path::new("/d/f")).unwrap_err();
    files.list(&root(), Path::new("/d")).unwrap_err();
    files.list(&root(), Path::new("/")).unwrap();
}

#[test]
fn every_fault_counts_calls_of_its_own() {
    let files = SimFiles::new();
    files.inject(Fault::new(0, Effect::Error(EIO)));
    files.inject(Fault::new(1, Effect::Error(EIO)));
    assert!(files.create_new(&root(), Path::new("/a")).is_err());
    assert!(files.create_new(&root(), Path::new("/a")).is_err());
    assert!(files.create_new(&root(), Path::new("/a")).is_ok());
}

#[test]
fn an_error_may_come_after_the_call_took_effect() {
    let files = SimFiles::new();
    files.inject(Fault::new(0, Effect::ErrorAfter(EIO)));
    files.create_new(&root(), Path::new("/a")).unwrap_err();
    assert_eq!(files.list_files(), [Path::new("a")]);
}

#[test]
fn results_may_be_short() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"abcdef");
    files.inject(Fault::new(0, Effect::Short(2)).on(Call::ReadAt));
    files.inject(Fault::new(0, Effect::Short(0)).on(Call::WriteAt));
    let mut buf = [0; 6];
    assert_eq!(files.read_at(&file, &mut buf, 1).unwrap(), 2);
    assert_eq!(&buf, b"bc\0\0\0\0");
    assert_eq!(files.write_at(&file, b"xyz", 0).unwrap(), 0);
    assert_eq!(files.write_at(&file, b"xyz", 0).unwrap(), 3);
    assert_eq!(files.read_at(&file, &mut buf, 0).unwrap(), 6);
    assert_eq!(&buf, b"xyzdef");
    assert_eq!(files.read_at(&file, &mut buf, 6).unwrap(), 0, "the end");
}

#[test]
fn a_planned_panic_leaves_the_disk_usable() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"x");
    files.inject(Fault::new(0, Effect::Panic).on(Call::Sync));
    let panic = catch_unwind(AssertUnwindSafe(|| files.sync(&file)));
    assert!(panic.is_err());
    files.sync(&file).unwrap();
    assert_eq!(files.struck(), 1);
}

#[test]
fn a_sync_that_fails_with_an_error_leaves_everything_unsynced() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"x");
    write(&files, &file, 0, b"y");
    files.inject(Fault::new(0, Effect::Error(EIO)).on(Call::Sync));
    files.sync(&file).unwrap_err();
    let both = set([Some(b"x".to_vec()), Some(b"y".to_vec())]);
    assert_eq!(after_crash(&files, "/f"), both);
    files.sync(&file).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([Some(b"y".to_vec())]));
}

#[test]
fn what_a_lost_sync_left_unsynced_stays_readable_and_open_whatever_syncs_succeed() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &pieces(&[1, 1]));
    write(&files, &file, 0, &pieces(&[2]));
    files.inject(Fault::new(0, Effect::LoseSync(EIO)).on(Call::Sync));
    assert_eq!(files.sync(&file).unwrap_err().kind(), EIO);
    write(&files, &file, 512, &pieces(&[3]));
    files.sync(&file).unwrap();
    files.sync(&file).unwrap();
    assert_eq!(files.read_file("/f").unwrap(), pieces(&[2, 3]));
    let open = set([Some(pieces(&[1, 3])), Some(pieces(&[2, 3]))]);
    assert_eq!(after_crash(&files, "/f"), open);
    // Through another handle too, as a program that opens the file again would.
    let again = files.open_write(&root(), Path::new("/f")).unwrap();
    write(&files, &again, 0, &pieces(&[2]));
    assert_eq!(after_crash(&files, "/f"), open);
    files.sync(&again).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([Some(pieces(&[2, 3]))]));
}

#[test]
fn a_length_that_a_lost_sync_left_open_is_certain_once_its_last_bytes_are_written_anew() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"");
    write(&files, &file, 0, &pieces(&[1, 2]));
    files.inject(Fault::new(0, Effect::LoseSync(EIO)).on(Call::Sync));
    files.sync(&file).unwrap_err();
    files.sync(&file).unwrap();
    assert_eq!(after_crash(&files, "/f").len(), 5);
    write(&files, &file, 0, &pieces(&[1]));
    files.sync(&file).unwrap();
    let found = after_crash(&files, "/f");
    let open = [vec![], pieces(&[1, 0]), pieces(&[1, 2])].map(Some);
    assert_eq!(found, set(open));
    write(&files, &file, 512, &pieces(&[2]));
    files.sync(&file).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([Some(pieces(&[1, 2]))]));
}

#[test]
fn a_lost_sync_is_replayed_from_the_journal() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"x");
    write(&files, &file, 0, b"y");
    files.inject(Fault::new(0, Effect::LoseSync(EIO)).on(Call::Sync));
    files.sync(&file).unwrap_err();
    files.sync(&file).unwrap();
    let journal = files.journal();
    let images = journal.images_at(journal.len(), Bound::new(ALL, 0));
    assert_eq!(images.len(), 2);
}

#[test]
fn a_full_disk_takes_what_fits_and_refuses_the_rest_until_there_is_room() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"abc");
    files.set_capacity(Some(5));
    assert_eq!(files.write_at(&file, b"defg", 3).unwrap(), 2);
    let full = files.write_at(&file, b"fg", 5).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert_eq!(
        files.write_at(&file, b"ABCDE", 0).unwrap(),
        5,
        "within the file"
    );
    assert_eq!(files.used(), 5);
    assert!(files.truncate(&file, 6).is_err());
    files.set_capacity(None);
    assert_eq!(files.write_at(&file, b"fg", 5).unwrap(), 2);
    assert_eq!(files.read_file("/f").unwrap(), b"ABCDEfg");
}

#[test]
fn errors_are_those_of_a_file_system() {
    let files = SimFiles::new();
    files.create_dir(&root(), Path::new("/d")).unwrap();
    synced_file(&files, "/f", b"x");
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    let path = Path::new;
    assert_eq!(
        kind(files.open(&root(), path("/no")).map(drop)),
        io::ErrorKind::NotFound
    );
    assert_eq!(
        kind(files.open(&root(), path("/no/f")).map(drop)),
        io::ErrorKind::NotFound
    );
    assert_eq!(
        kind(files.open(&root(), path("/f/g")).map(drop)),
        io::ErrorKind::NotADirectory
    );
    assert_eq!(
        kind(files.create_new(&root(), path("/f")).map(drop)),
        io::ErrorKind::AlreadyExists
    );
    assert_eq!(
        kind(files.create_dir(&root(), path("/d"))),
        io::ErrorKind::AlreadyExists
    );
    assert_eq!(
        kind(files.create_dir(&root(), path("/"))),
        io::ErrorKind::AlreadyExists
    );
    assert_eq!(
        kind(files.remove(&root(), path("/d"))),
        io::ErrorKind::IsADirectory
    );
    assert_eq!(
        kind(files.remove(&root(), path("/no"))),
        io::ErrorKind::NotFound
    );
    assert_eq!(
        kind(files.list(&root(), path("/f")).map(drop)),
        io::ErrorKind::NotADirectory
    );
    assert_eq!(
        kind(files.sync_dir(&root(), path("/no"))),
        io::ErrorKind::NotFound
    );
    assert_eq!(
        kind(files.rename(&root(), path("/no"), path("/x"))),
        io::ErrorKind::NotFound
    );
    let read_only = files.open(&root(), path("/f")).unwrap();
    assert!(files.write_at(&read_only, b"y", 0).is_err());
    assert!(files.truncate(&read_only, 0).is_err());
}

#[test]
fn a_removed_file_stays_itself_for_who_has_it_open() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"old");
    files.remove(&root(), Path::new("/f")).unwrap();
    synced_file(&files, "/f", b"new");
    let mut buf = [0; 3];
    assert_eq!(files.read_at(&file, &mut buf, 0).unwrap(), 3);
    assert_eq!(&buf, b"old");
}

#[test]
fn a_directory_has_one_lock() {
    let files = SimFiles::new();
    files.create_dir(&root(), Path::new("/d")).unwrap();
    let lock = files.lock_dir(&dir(&files, "/d")).unwrap();
    let second = files.lock_dir(&dir(&files, "/d")).unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
    files.remove(&root(), Path::new("/d/LOCK")).unwrap();
    assert!(files.lock_dir(&dir(&files, "/d")).is_err());
    drop(lock);
    drop(files.lock_dir(&dir(&files, "/d")).unwrap());
    assert!(files.open_dir(Path::new("/no")).is_err());
}

#[test]
fn an_open_directory_stays_itself_when_it_is_moved_replaced_and_removed() {
    let files = SimFiles::new();
    files.write_file("/d/f", b"first");
    let open = files.open_dir(Path::new("/d")).unwrap();
    let read = || {
        let file = files.open(&open, Path::new("f"))?;
        let mut bytes = [0; 9];
        let len = files.read_at(&file, &mut bytes, 0)?;
        Ok::<_, io::Error>(bytes[..len].to_vec())
    };
    files.move_to("/d", "/moved");
    files.copy_dir("/moved", "/d");
    files.write_file("/d/f", b"second");
    assert_eq!(read().unwrap(), b"first");
    files.create_new(&open, Path::new("g")).unwrap();
    assert!(files.read_file("/moved/g").is_some());
    assert!(files.read_file("/d/g").is_none());
    files.remove_dir("/moved");
    assert_eq!(files.status_at(&open, Path::new("")).unwrap().links, 0);
    assert_eq!(read().unwrap_err().kind(), io::ErrorKind::NotFound);
    let new = files.create_new(&open, Path::new("h"));
    assert_eq!(new.unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(files.read_file("/d/f").unwrap(), b"second");
}

#[test]
fn what_is_to_happen_before_a_call_does_once() {
    let files = SimFiles::new();
    synced_file(&files, "/f", b"x");
    let beside = files.clone();
    files.before_call(files.calls() + 1, move || beside.move_to("/f", "/g"));
    files.open(&root(), Path::new("/f")).unwrap();
    files.open(&root(), Path::new("/f")).unwrap_err();
    files.open(&root(), Path::new("/g")).unwrap();
}
