//! The disks that a crash may leave.

use super::*;

#[test]
fn what_was_synced_under_a_synced_name_is_certain() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &pieces(&[1, 2]));
    write(&files, &file, 512, &pieces(&[3, 4]));
    files.sync(&file).unwrap();
    assert_eq!(files.crash_point().ways(), 1);
    assert_eq!(after_crash(&files, "/f"), set([Some(pieces(&[1, 3, 4]))]));
}

#[test]
fn an_unsynced_write_is_torn_at_every_piece_and_its_length_is_a_thing_of_its_own() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &[]);
    write(&files, &file, 0, &pieces(&[1, 2, 3]));
    let mut expected = set([Some(vec![])]);
    for way in 0..8_u8 {
        let kept = |piece: u8| {
            if way >> (piece - 1) & 1 == 1 {
                piece
            } else {
                0
            }
        };
        expected.insert(Some(pieces(&[kept(1), kept(2), kept(3)])));
    }
    assert_eq!(after_crash(&files, "/f"), expected);
}

#[test]
fn an_overwrite_within_the_file_leaves_old_or_new_pieces() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &pieces(&[1, 1]));
    write(&files, &file, 0, &pieces(&[2, 2]));
    let expected = [[1, 1], [1, 2], [2, 1], [2, 2]].map(|values| Some(pieces(&values)));
    assert_eq!(after_crash(&files, "/f"), set(expected));
}

#[test]
fn a_later_write_to_a_piece_is_never_there_without_the_earlier_one() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &[0; 512]);
    write(&files, &file, 0, &[1; 100]);
    write(&files, &file, 100, &[2; 100]);
    let mut first = vec![0; 512];
    first[..100].fill(1);
    let mut both = first.clone();
    both[100..200].fill(2);
    let expected = set([Some(vec![0; 512]), Some(first), Some(both)]);
    assert_eq!(after_crash(&files, "/f"), expected);
}

#[test]
fn every_length_since_the_last_sync_is_possible() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"ab");
    write(&files, &file, 2, b"cd");
    write(&files, &file, 4, b"ef");
    let found = after_crash(&files, "/f");
    for bytes in [
        &b"ab"[..],
        b"abcd",
        b"abcdef",
        b"ab\0\0",
        b"abcd\0\0",
        b"ab\0\0\0\0",
    ] {
        assert!(found.contains(&Some(bytes.to_vec())), "{bytes:?}");
    }
    assert_eq!(found.len(), 6);
}

#[test]
fn a_truncation_may_be_undone_and_what_it_cut_is_zeros_or_old() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &pieces(&[1, 2]));
    files.truncate(&file, 512).unwrap();
    let cut = set([
        Some(pieces(&[1])),
        Some(pieces(&[1, 2])),
        Some(pieces(&[1, 0])),
    ]);
    assert_eq!(after_crash(&files, "/f"), cut);
    files.sync(&file).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([Some(pieces(&[1]))]));
    files.truncate(&file, 1024).unwrap();
    files.sync(&file).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([Some(pieces(&[1, 0]))]));
}

#[test]
fn a_name_is_not_certain_before_its_directory_is_synced() {
    let files = SimFiles::new();
    let path = Path::new("/f");
    let file = files.create_new(&root(), path).unwrap();
    write(&files, &file, 0, b"x");
    files.sync(&file).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([None, Some(b"x".to_vec())]));
    files.sync_dir(&root(), Path::new("/")).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([Some(b"x".to_vec())]));
    files.remove(&root(), path).unwrap();
    assert_eq!(after_crash(&files, "/f"), set([None, Some(b"x".to_vec())]));
}

#[test]
fn a_synced_name_does_not_make_the_bytes_certain() {
    let files = SimFiles::new();
    let file = files.create_new(&root(), Path::new("/f")).unwrap();
    write(&files, &file, 0, b"x");
    files.sync_dir(&root(), Path::new("/")).unwrap();
    let expected = [&b""[..], b"x", b"\0"].map(|bytes| Some(bytes.to_vec()));
    assert_eq!(after_crash(&files, "/f"), set(expected));
}

#[test]
fn a_synced_directory_is_lost_with_its_own_unsynced_name() {
    let files = SimFiles::new();
    files.create_dir(&root(), Path::new("/d")).unwrap();
    synced_file(&files, "/d/f", b"x");
    assert_eq!(
        after_crash(&files, "/d/f"),
        set([None, Some(b"x".to_vec())])
    );
    files.sync_dir(&root(), Path::new("/")).unwrap();
    assert_eq!(after_crash(&files, "/d/f"), set([Some(b"x".to_vec())]));
}

#[test]
fn a_rename_happens_as_a_whole_or_not_at_all() {
    let files = SimFiles::new();
    synced_file(&files, "/target", b"old");
    synced_file(&files, "/temporary", b"new");
    let (from, to) = (Path::new("/temporary"), Path::new("/target"));
    files.rename(&root(), from, to).unwrap();
    let images = files.crash_images(Bound::new(ALL, 0));
    let found: BTreeSet<_> = images
        .iter()
        .map(|image| (image.files.read_file(from), image.files.read_file(to)))
        .collect();
    let undone = (Some(b"new".to_vec()), Some(b"old".to_vec()));
    let done = (None, Some(b"new".to_vec()));
    assert_eq!(found, BTreeSet::from([undone, done]));
}

#[test]
fn renaming_an_unsynced_file_over_another_can_lose_both() {
    let files = SimFiles::new();
    synced_file(&files, "/target", b"old");
    let file = files.create_new(&root(), Path::new("/temporary")).unwrap();
    write(&files, &file, 0, b"new");
    files
        .rename(&root(), Path::new("/temporary"), Path::new("/target"))
        .unwrap();
    files.sync_dir(&root(), Path::new("/")).unwrap();
    let expected = [&b""[..], b"new", b"\0\0\0"].map(|bytes| Some(bytes.to_vec()));
    assert_eq!(after_crash(&files, "/target"), set(expected));
}

#[test]
fn changes_of_names_are_independent_of_one_another() {
    let files = SimFiles::new();
    for name in ["/a", "/b"] {
        files.create_new(&root(), Path::new(name)).unwrap();
    }
    let images = files.crash_images(Bound::new(ALL, 0));
    let found: BTreeSet<_> = images
        .iter()
        .map(|image| image.files.list_files())
        .collect();
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn an_image_is_a_disk_of_its_own_on_which_everything_is_certain() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"x");
    let lock = files.lock_dir(&dir(&files, "/")).unwrap();
    let image = files.crash_images(Bound::new(1, 0)).remove(0).files;
    assert_eq!((image.operations(), image.calls()), (0, 0));
    assert_eq!(image.crash_point().ways(), 1);
    drop(image.lock_dir(&dir(&image, "/")).unwrap());
    write(&files, &file, 0, b"y");
    assert_eq!(image.read_file("/f").unwrap(), b"x");
    let other = image.open_write(&root(), Path::new("/f")).unwrap();
    write(&image, &other, 0, b"z");
    assert_eq!(files.read_file("/f").unwrap(), b"y");
    drop(lock);
}

#[test]
fn the_journal_shows_the_crash_at_every_operation_of_one_run() {
    let files = SimFiles::new();
    files.create_dir(&root(), Path::new("/d")).unwrap();
    files.sync_dir(&root(), Path::new("/")).unwrap();
    let file = synced_file(&files, "/d/f", &pieces(&[1]));
    write(&files, &file, 512, &pieces(&[2]));
    files.sync(&file).unwrap();
    files.remove(&root(), Path::new("/d/f")).unwrap();

    let journal = files.journal();
    let told: Vec<String> = journal.describe().collect();
    assert_eq!(
        told,
        [
            "create the directory /d",
            "sync the directory /",
            "create /d/f",
            "write 512 bytes at 0 of /d/f",
            "sync /d/f",
            "sync the directory /d",
            "write 512 bytes at 512 of /d/f",
            "sync /d/f",
            "remove /d/f",
        ]
    );
    let found: Vec<BTreeSet<_>> = journal
        .points()
        .map(|point| {
            let images = point.images(Bound::new(ALL, 0));
            images.map(|image| image.files.read_file("/d/f")).collect()
        })
        .collect();
    let one = Some(pieces(&[1]));
    let both = Some(pieces(&[1, 2]));
    assert_eq!(found[0], set([None]));
    assert_eq!(found[2], set([None]));
    assert_eq!(found[3], set([None, Some(vec![])]));
    assert_eq!(
        found[4],
        set([None, Some(vec![]), Some(pieces(&[0])), one.clone()])
    );
    assert_eq!(found[5], set([None, one.clone()]));
    assert_eq!(found[6], set([one.clone()]));
    assert_eq!(found[7], set([one, Some(pieces(&[1, 0])), both.clone()]));
    assert_eq!(found[8], set([both.clone()]));
    assert_eq!(found[9], set([None, both]));
    for (operations, at) in found.iter().enumerate() {
        let again = journal.images_at(operations, Bound::new(ALL, 0));
        let again: BTreeSet<_> = again.iter().map(|i| i.files.read_file("/d/f")).collect();
        assert_eq!(&again, at);
    }
}

#[test]
fn a_journal_begins_anew_where_it_was_rebased() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", b"x");
    write(&files, &file, 1, b"y");
    files.rebase();
    assert_eq!(files.operations(), 0);
    assert_eq!(
        after_crash(&files, "/f").len(),
        3,
        "what was unsynced still is"
    );
    write(&files, &file, 2, b"z");
    let journal = files.journal();
    assert_eq!(journal.len(), 1);
    let last = journal.images_at(1, Bound::new(ALL, 0));
    let found: BTreeSet<_> = last.iter().map(|i| i.files.read_file("/f")).collect();
    assert_eq!(found, after_crash(&files, "/f"));
}

fn many_unsynced() -> SimFiles {
    let files = SimFiles::new();
    for name in ["/a", "/b", "/c"] {
        let file = synced_file(&files, name, b"");
        write(&files, &file, 0, &pieces(&[1; 20]));
        write(&files, &file, 512, &pieces(&[2; 20]));
    }
    files
}

#[test]
fn more_ways_than_the_bound_are_sampled_the_same_for_the_same_seed() {
    let files = many_unsynced();
    let fingerprints = |seed| {
        let point = files.crash_point();
        assert!(point.ways() > 1 << 60);
        let images = point.images(Bound::new(500, seed));
        images.map(|image| image.fingerprint).collect::<Vec<_>>()
    };
    let first = fingerprints(1);
    assert_eq!(first.len(), 500);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 500);
    assert_eq!(first, fingerprints(1));
    assert_ne!(first, fingerprints(2));
}

#[test]
fn samples_hold_nothing_everything_and_everything_until_a_moment() {
    let files = many_unsynced();
    let images = files.crash_images(Bound::new(40, 3));
    let all = |name| images.iter().map(move |i| i.files.read_file(name).unwrap());
    assert!(images.iter().any(|i| i.files.used() == 0));
    let full = || pieces(&[[1].as_slice(), &[2; 20]].concat());
    assert!(images.iter().any(|i| {
        let bytes = |name| i.files.read_file(name).unwrap();
        [bytes("/a"), bytes("/b"), bytes("/c")] == [full(), full(), full()]
    }));
    assert!(
        all("/c").any(|bytes| bytes == pieces(&[1; 20])),
        "before the last write"
    );
}

#[test]
fn lost_pieces_past_the_old_end_are_garbage_only_when_asked() {
    let files = SimFiles::new();
    let file = synced_file(&files, "/f", &pieces(&[1]));
    write(&files, &file, 0, &pieces(&[2; 40]));
    let is_garbage = |bytes: &[u8]| bytes.iter().any(|byte| *byte > 2);
    let bound = Bound::new(100, 5);
    for image in files.crash_images(bound) {
        assert!(!is_garbage(&image.files.read_file("/f").unwrap()));
    }
    let bound = Bound {
        garbage: true,
        ..bound
    };
    let mut some = 0;
    for image in files.crash_images(bound) {
        let bytes = image.files.read_file("/f").unwrap();
        assert!(
            !is_garbage(&bytes[..512]),
            "what was on the disk is no garbage"
        );
        some += usize::from(is_garbage(&bytes));
    }
    assert!(some > 10, "{some} images with garbage");
}

#[test]
fn an_image_can_be_made_again_from_its_picks() {
    let files = many_unsynced();
    let point = files.crash_point();
    let bound = Bound {
        garbage: true,
        ..Bound::new(50, 9)
    };
    for image in point.images(bound) {
        let again = point.image(&image.picks, image.garbage);
        assert_eq!(again.fingerprint, image.fingerprint);
        assert_eq!(again.files.read_file("/b"), image.files.read_file("/b"));
    }
}

#[test]
fn settled_is_what_programs_see_without_a_past() {
    let files = SimFiles::new();
    files.create_dir(&root(), Path::new("/empty")).unwrap();
    files.create_dir(&root(), Path::new("/d")).unwrap();
    let file = files.create_new(&root(), Path::new("/d/f")).unwrap();
    write(&files, &file, 0, b"x");
    let settled = files.settled();
    assert_eq!(settled.crash_point().ways(), 1);
    assert_eq!(settled.operations(), 0);
    assert_eq!(settled.read_file("/d/f").unwrap(), b"x");
    assert_eq!(settled.list(&root(), Path::new("/empty")).unwrap(), []);
}

#[test]
fn files_can_be_put_and_removed_past_every_rule() {
    let files = SimFiles::new();
    files.write_file("/a/b/f", b"x");
    files.write_file("/a/b/f", b"longer");
    files.write_file("/a/b/f", b"y");
    files.write_file("/a/g", b"g");
    files.remove_file("/a/g");
    files.remove_file("/a/g");
    files.remove_file("/not/there");
    assert_eq!(files.list_files(), [Path::new("a/b/f")]);
    assert_eq!(files.crash_point().ways(), 1);
    assert_eq!(after_crash(&files, "/a/b/f"), set([Some(b"y".to_vec())]));
}
