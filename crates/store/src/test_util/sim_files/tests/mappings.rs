//! Mapped bytes must not change.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// Whether the deed panics and is kept among the violations, which are taken.
fn is_violation(files: &SimFiles, deed: impl FnOnce()) -> bool {
    let panicked = catch_unwind(AssertUnwindSafe(deed)).is_err();
    let kept = files.take_violations();
    assert_eq!(panicked, !kept.is_empty(), "{kept:?}");
    panicked
}

fn mapped() -> (SimFiles, SimFile, SimMap) {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &pieces(&[1, 2]));
    let map = files.map(&file, 512).unwrap();
    (files, file, map)
}

#[test]
fn a_mapping_shows_the_file_and_nothing_past_what_was_asked_for() {
    let (files, file, map) = mapped();
    assert_eq!(*map, pieces(&[1])[..]);
    let long = files.map(&file, 1025).unwrap_err();
    assert_eq!(long.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn writing_past_a_mapping_is_fine_and_the_mapping_stays() {
    let (files, file, map) = mapped();
    let past = || write(&files, &file, 512, &pieces(&[7, 7, 7]));
    assert!(!is_violation(&files, past));
    assert!(!is_violation(&files, || files
        .truncate(&file, 512)
        .unwrap()));
    assert_eq!(*map, pieces(&[1])[..]);
}

#[test]
fn writing_into_a_mapping_is_a_violation_even_with_equal_bytes() {
    let (files, file, map) = mapped();
    for bytes in [b"x", &[1]] {
        let into = || write(&files, &file, 511, bytes);
        assert!(is_violation(&files, into));
    }
    assert_eq!(*map, pieces(&[1])[..]);
    assert_eq!(
        files.read_file("/f").unwrap(),
        pieces(&[1, 2]),
        "it was not done"
    );
}

#[test]
fn truncating_below_a_mapping_is_a_violation() {
    let (files, file, _map) = mapped();
    assert!(is_violation(&files, || files.truncate(&file, 511).unwrap()));
}

#[test]
fn replacing_or_removing_a_mapped_file_is_a_violation() {
    let (files, _file, _map) = mapped();
    synced_file(&files, "/g", b"x");
    let (f, g) = (Path::new("/f"), Path::new("/g"));
    assert!(is_violation(&files, || files
        .rename(&root(), g, f)
        .unwrap()));
    assert!(is_violation(&files, || files.remove(&root(), f).unwrap()));
    assert!(!is_violation(&files, || files.remove(&root(), g).unwrap()));
}

#[test]
fn a_mapping_that_is_gone_forbids_nothing() {
    let (files, file, map) = mapped();
    let longer = files.map(&file, 1024).unwrap();
    drop(map);
    assert!(is_violation(&files, || write(&files, &file, 1023, b"x")));
    drop(longer);
    assert!(!is_violation(&files, || write(&files, &file, 0, b"x")));
}

#[test]
fn a_violation_that_somebody_caught_fails_at_the_end() {
    let (files, file, map) = mapped();
    let caught = catch_unwind(AssertUnwindSafe(|| write(&files, &file, 0, b"x")));
    assert!(caught.is_err());
    assert_eq!(files.violations().len(), 1);
    let other = files.clone();
    drop((files, map));
    let end = catch_unwind(AssertUnwindSafe(|| drop(other)));
    assert!(end.is_err(), "the last handle tells");
}

#[test]
fn a_mapped_file_with_another_name_may_lose_one_and_still_not_be_written() {
    let (files, file, map) = mapped();
    files.create_dir(&root(), Path::new("/d")).unwrap();
    files.write_file("/d/f", b"other");
    files.link_dir("/d", "/e");
    synced_file(&files, "/g", b"x");
    let linked = files.open_write(&root(), Path::new("/d/f")).unwrap();
    let linked_map = files.map(&linked, 5).unwrap();
    assert!(!is_violation(&files, || files
        .remove(&root(), Path::new("/d/f"))
        .unwrap()));
    assert_eq!(files.status(&linked).unwrap().links, 1);
    assert!(is_violation(&files, || write(&files, &linked, 0, b"x")));
    assert!(is_violation(&files, || files
        .remove(&root(), Path::new("/e/f"))
        .unwrap()));
    drop((file, map, linked_map));
}
