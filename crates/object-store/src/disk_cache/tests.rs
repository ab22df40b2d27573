//! The cache on real folders: what it serves is right, within its bound, whatever the disk did.

use std::{fs, thread};

use super::*;

/// Bytes of a pack from an offset on, which tell where they belong.
fn bytes(pack: u8, offset: u64, len: usize) -> Vec<u8> {
    let at = |index: usize| (offset as usize + index).wrapping_mul(31) as u8 ^ pack;
    (0..len).map(at).collect()
}

fn name(pack: u8) -> String {
    format!("pack/0-{pack}")
}

fn keep(cache: &DiskCache, pack: u8, offset: u64, len: usize) {
    cache.keep(&name(pack), offset, &bytes(pack, offset, len));
}

/// Whether the cache has these bytes; they are the right ones then.
fn has(cache: &DiskCache, pack: u8, offset: u64, len: usize) -> bool {
    let mut read = vec![0; len];
    let is_here = cache.read(&name(pack), offset, &mut read);
    assert!(
        !is_here || read == bytes(pack, offset, len),
        "pack {pack} at {offset}"
    );
    is_here
}

#[test]
fn parts_are_read_whole_and_within_also_by_a_later_process() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
        if round == 0 {
            keep(&cache, 1, 4096, 4096);
            keep(&cache, 1, 512, 512);
            // Read through a map.
            keep(&cache, 2, 0, 200_000);
        }
        assert!(has(&cache, 1, 4096, 4096) && has(&cache, 1, 5000, 3192));
        assert!(has(&cache, 1, 600, 424) && has(&cache, 2, 199_000, 1000));
        assert!(!has(&cache, 1, 600, 425), "beyond the part");
        assert!(!has(&cache, 1, 0, 1) && !has(&cache, 3, 0, 1));
    }
}

#[test]
fn a_whole_pack_takes_the_place_of_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
    for offset in [8192, 0, 4096] {
        keep(&cache, 1, offset, 4096);
    }
    assert!(!has(&cache, 1, 4000, 200), "of two parts");
    assert!(!cache.has(&name(1), 100_000));
    keep(&cache, 1, 0, 100_000);
    assert!(has(&cache, 1, 4000, 90_000) && cache.has(&name(1), 100_000));
    let size = format!("{cache:?}");
    keep(&cache, 1, 4096, 4096);
    assert_eq!(format!("{cache:?}"), size, "what is here is not kept again");
}

#[test]
fn the_packs_used_last_stay_within_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = || -> u64 {
        let files = fs::read_dir(folder.path()).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum()
    };
    let cache = DiskCache::open(folder.path(), 40_000).unwrap();
    for pack in 0..4 {
        keep(&cache, pack, 0, 9000);
    }
    assert!(has(&cache, 0, 0, 9000));
    keep(&cache, 4, 0, 9000);
    assert!(has(&cache, 0, 0, 9000) && !has(&cache, 1, 0, 9000));
    keep(&cache, 5, 0, 50_000);
    assert!(!has(&cache, 5, 0, 1), "more than everything");
    for round in 0..200 {
        keep(&cache, round % 7, u64::from(round) * 5000, 5000);
        assert!(on_disk() <= 40_000);
    }
    drop(cache);
    let cache = DiskCache::open(folder.path(), 10_000).unwrap();
    assert!(on_disk() <= 10_000, "a smaller bound counts at once");
    drop(cache);
}

#[test]
fn a_changed_bit_or_a_cut_is_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack_0-1.pack");
    let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
    keep(&cache, 1, 0, 40);
    keep(&cache, 1, 100, 60);
    drop(cache);
    let whole = fs::read(&path).unwrap();
    let look = |image: &[u8]| {
        fs::write(&path, image).unwrap();
        let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
        let both = [(0, 40), (100, 60)].map(|(offset, len)| has(&cache, 1, offset, len));
        // The room behind what is left is used again.
        keep(&cache, 1, 500, 30);
        assert!(has(&cache, 1, 500, 30));
        both
    };
    assert_eq!(look(&whole), [true, true]);
    for bit in 0..whole.len() * 8 {
        let mut image = whole.clone();
        image[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(look(&image), [true, true], "bit {bit}");
    }
    for len in 0..whole.len() {
        assert!(!look(&whole[..len])[1], "cut to {len}");
    }
}

#[test]
fn one_process_has_the_folder_and_other_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), b"mine").unwrap();
    let cache = DiskCache::open(folder.path(), 1000).unwrap();
    let second = DiskCache::open(folder.path(), 1000).unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
    assert!(
        second.to_string().contains("cannot open the cache in"),
        "{second}"
    );
    keep(&cache, 1, 0, 2000);
    cache.keep("../outside", 0, b"never");
    drop(cache);
    assert_eq!(fs::read(folder.path().join("notes.txt")).unwrap(), b"mine");
    assert!(!folder.path().join("../outside.pack").exists());
}

#[test]
fn threads_that_keep_and_read_and_push_out_meet_right_bytes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path(), 300_000).unwrap();
    thread::scope(|scope| {
        for worker in 0..4_u64 {
            let cache = &cache;
            scope.spawn(move || {
                for round in 0..300_u64 {
                    let pack = ((worker + round) % 5) as u8;
                    let offset = (round * 37 % 9) * 8000;
                    let len = if round % 10 == 0 { 70_000 } else { 4096 };
                    keep(cache, pack, offset, len);
                    has(cache, pack, offset, len);
                    has(cache, (pack + 1) % 5, offset, 512);
                }
            });
        }
    });
}

#[test]
fn a_whole_pack_is_held_mapped_within_half_of_the_room() {
    const LEN: usize = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path(), 4 * LEN as u64 + 1000).unwrap();
    let map = |pack| cache.map(&name(pack), LEN as u64);
    keep(&cache, 1, 0, LEN);
    keep(&cache, 2, 4096, LEN);
    assert!(map(2).is_none() && map(3).is_none(), "a part, and none");
    let first = map(1).unwrap();
    for pack in 3..6 {
        keep(&cache, pack, 0, LEN);
    }
    // The one used longest ago is held.
    assert!(has(&cache, 1, 0, LEN) && !has(&cache, 2, 4096, LEN));
    assert_eq!((*first).as_ref(), bytes(1, 0, LEN));
    let second = map(4).unwrap();
    assert!(map(5).is_none(), "half of the room is held");
    drop((first, second));
    assert!(map(3).is_some());
    for pack in 6..10 {
        keep(&cache, pack, 0, LEN);
    }
    assert!(!has(&cache, 1, 0, 1) && !has(&cache, 3, 0, 1));
}

#[test]
fn a_pack_that_the_disk_changed_is_not_mapped() {
    let folder = tempfile::tempdir().unwrap();
    keep(
        &DiskCache::open(folder.path(), 1 << 20).unwrap(),
        1,
        0,
        100_000,
    );
    let file = fs::read_dir(folder.path()).unwrap();
    let file = file.map(|entry| entry.unwrap().path());
    let file = file.filter(|path| path.extension().is_some_and(|ending| ending == ENDING));
    let file = file.last().unwrap();
    let mut on_disk = fs::read(&file).unwrap();
    on_disk[50_000] ^= 1;
    fs::write(&file, on_disk).unwrap();
    let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
    assert!(cache.map(&name(1), 100_000).is_none());
    assert!(!cache.has(&name(1), 100_000), "forgotten");
}

#[test]
fn a_file_under_the_name_of_another_pack_gives_nothing_and_takes_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = |pack: u8| folder.path().join(format!("pack_0-{pack}.pack"));
    let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
    for pack in [1, 2] {
        keep(&cache, pack, 0, 70_000);
        keep(&cache, pack, 80_000, 100);
    }
    drop(cache);
    let (one, other) = (fs::read(path(1)).unwrap(), fs::read(path(2)).unwrap());
    fs::write(path(1), other).unwrap();
    fs::write(path(2), one).unwrap();
    let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
    for pack in [1, 2] {
        assert!(!has(&cache, pack, 0, 70_000) && !has(&cache, pack, 80_000, 100));
        assert!(cache.map(&name(pack), 70_000).is_none());
        assert_eq!(fs::metadata(path(pack)).unwrap().len(), 0);
        keep(&cache, pack, 0, 70_000);
        assert!(has(&cache, pack, 0, 70_000));
    }
}

/// The folder is held, not its name.
#[test]
fn a_folder_that_is_moved_removed_or_replaced_while_it_is_used_changes_no_byte() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("cache");
    let cache = DiskCache::open(&folder, 1 << 20).unwrap();
    keep(&cache, 1, 0, 70_000);
    keep(&cache, 2, 0, 100);
    let mapped = cache.map(&name(1), 70_000).unwrap();
    fs::rename(&folder, parent.path().join("moved")).unwrap();
    let other = DiskCache::open(&folder, 1 << 20).unwrap();
    other.keep(&name(2), 0, &bytes(9, 0, 100));
    assert!(has(&cache, 1, 0, 70_000) && has(&cache, 2, 0, 100));
    keep(&cache, 3, 0, 100);
    assert!(has(&cache, 3, 0, 100) && !has(&other, 3, 0, 100));
    fs::remove_dir_all(parent.path().join("moved")).unwrap();
    assert!(has(&cache, 1, 0, 70_000) && has(&cache, 2, 0, 100));
    keep(&cache, 4, 0, 100);
    assert!(!has(&cache, 4, 0, 100), "there is no folder for it");
    assert_eq!((*mapped).as_ref(), bytes(1, 0, 70_000));
}
