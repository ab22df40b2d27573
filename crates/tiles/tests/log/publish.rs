//! What a publish writes, and what it refuses.

use std::sync::atomic::{AtomicU64, Ordering};

use rotortree_hasher::{Hash, Rfc6962Hasher, Sha256Hasher, rfc6962_leaf};
use rotortree_lean_imt::LeanIMT;
use rotortree_tiles::{
    Checkpoint, Directory, GUARD_PATH, GuardPlace, KeyKind, MemoryTarget, Note, PublishError,
    Publisher, SecretKey, SignError, Signature, Signer, Target, Tile, TileKind, entries,
};

use crate::{
    disk::Disk,
    sample::{ORIGIN, entry, forked_tree, head, key, log, publish, published, read_all, tree},
};

/// The bytes of a tile, from the entries alone.
fn expected(tile: Tile) -> Vec<u8> {
    let leaf = |index| rfc6962_leaf(&entry(0, index));
    match tile.kind {
        TileKind::Entries => (tile.start()..tile.start() + u64::from(tile.width))
            .flat_map(|index| {
                let entry = entry(0, index);
                [&(entry.len() as u16).to_be_bytes()[..], &entry].concat()
            })
            .collect(),
        TileKind::Hashes { level } => {
            let width = 256u64.pow(level.into());
            let root = |index: u64| {
                let leaves: Vec<Hash> = (index * width..(index + 1) * width).map(leaf).collect();
                let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
                tree.insert_many(&leaves).unwrap();
                tree.root().unwrap()
            };
            let roots = (tile.start()..tile.start() + u64::from(tile.width)).map(root);
            roots.flatten().collect()
        }
    }
}

#[test]
fn a_log_has_the_files_that_its_size_asks_for() {
    for size in [0, 1, 2, 255, 256, 257, 512, 600] {
        let mut files = published(&[size]).files();
        assert_eq!(read_all(files.clone()), head(&tree(size)));
        for tile in Tile::added(0, size) {
            assert_eq!(
                files.remove(&tile.to_string()),
                Some(expected(tile)),
                "{tile}"
            );
        }
        let rest: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(rest, ["checkpoint", GUARD_PATH]);
    }
}

#[test]
fn a_publish_writes_the_tiles_of_new_leaves_alone() {
    for (old, new) in [
        (0, 600),
        (600, 601),
        (600, 1024),
        (512, 513),
        (255, 256),
        (9, 9),
    ] {
        let disk = Disk::default();
        if old > 0 {
            publish(disk.clone(), &tree(old)).unwrap();
        }
        let (calls, bytes) = (disk.calls(), disk.bytes());
        let done = publish(disk.clone(), &tree(new)).unwrap();
        let tiles: Vec<Vec<u8>> = Tile::added(old, new).map(expected).collect();
        let sum: usize = tiles.iter().map(Vec::len).sum();
        assert_eq!((done.tiles, done.bytes), (tiles.len() as u64, sum as u64));
        assert_eq!(disk.bytes() - bytes, sum + done.note.to_string().len());
        // The guard, the checkpoint and two syncs; a removal for each tile that was full before.
        let full = Tile::added(0, old).filter(Tile::is_full).count();
        assert!(disk.calls() - calls <= tiles.len() + 4 + full);
    }
}

#[test]
fn entries_are_asked_for_from_the_first_new_bundle_on() {
    let target = published(&[600]);
    let asked = AtomicU64::new(0);
    let publisher = Publisher::new(target, ORIGIN, key());
    publisher
        .publish(&tree(700), |index| {
            assert!((512..700).contains(&index));
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(entry(0, index))
        })
        .unwrap();
    assert_eq!(asked.into_inner(), 188);
}

#[test]
fn partial_tiles_are_collected_one_publish_after_the_full_one() {
    let place = MemoryTarget::new();
    let has = |path: &str| place.files().contains_key(path);
    let publish = |size| publish(place.clone(), &tree(size)).unwrap();
    publish(100);
    publish(200);
    publish(300);
    // A client that has read the checkpoint of 200 finds its tiles.
    assert!(has("tile/0/000.p/100") && has("tile/entries/000.p/200") && has("tile/0/001.p/44"));
    publish(300);
    assert!(!has("tile/0/000.p/100") && !has("tile/entries/000.p/200"));
    assert!(
        has("tile/0/000") && has("tile/0/001.p/44"),
        "no full tile stands in for it"
    );
    publish(301);
    assert!(has("tile/0/001.p/44"));
    assert_eq!(read_all(place.files()), head(&tree(301)));
}

#[test]
fn a_tree_that_does_not_continue_is_refused() {
    let place = published(&[300]);
    let files = place.files();
    let refused = |tree| {
        let error = publish(place.clone(), &tree).unwrap_err();
        assert_eq!(place.files(), files, "nothing is written");
        error
    };
    assert!(matches!(
        refused(tree(299)),
        PublishError::Shrunk {
            place: GuardPlace::Checkpoint,
            size: 299,
            ..
        }
    ));
    for (size, fork) in [(300, 0), (300, 299), (301, 299), (600, 17)] {
        let error = refused(forked_tree(size, fork));
        assert!(matches!(error, PublishError::Forked { signed, .. } if signed == head(&tree(300))));
    }
    let text = refused(tree(0)).to_string();
    assert!(
        text.contains("0 leaves, and the checkpoint at the target says that 300"),
        "{text}"
    );
}

#[test]
fn each_record_of_what_was_signed_is_enough() {
    let full = published(&[300]).files();
    for kept in ["checkpoint", GUARD_PATH] {
        let mut files = full.clone();
        files.retain(|path, _| path == kept);
        let error = publish(MemoryTarget::from(files), &forked_tree(300, 9)).unwrap_err();
        assert!(
            matches!(error, PublishError::Forked { .. }),
            "{kept}: {error}"
        );
    }
    // With none of them there is nothing to compare with.
    publish(MemoryTarget::new(), &forked_tree(300, u64::MAX)).unwrap();
}

#[test]
fn a_damaged_guard_and_those_of_others_are_refused() {
    let mut files = published(&[300]).files();
    let guard = files[GUARD_PATH].clone();
    for at in [0, 30, guard.len() - 1] {
        let mut damaged = guard.clone();
        damaged[at] ^= 1;
        files.insert(GUARD_PATH.to_owned(), damaged);
        let error = publish(MemoryTarget::from(files.clone()), &tree(300)).unwrap_err();
        assert!(matches!(
            error,
            PublishError::DamagedGuard {
                place: GuardPlace::Target
            }
        ));
    }
    files.insert(GUARD_PATH.to_owned(), guard);

    let other = SecretKey::from_seed("example.com/other", KeyKind::Note, &[7; 32]).unwrap();
    let target = MemoryTarget::from(files.clone());
    let publisher = Publisher::new(target, "example.com/other", other);
    let error = publisher
        .publish(&tree(300), |_| unreachable!())
        .unwrap_err();
    assert!(matches!(error, PublishError::Checkpoint(_)), "{error}");
    files.remove("checkpoint");
    let other = SecretKey::from_seed("example.com/other", KeyKind::Note, &[7; 32]).unwrap();
    let publisher = Publisher::new(MemoryTarget::from(files), "example.com/other", other);
    let error = publisher
        .publish(&tree(300), |_| unreachable!())
        .unwrap_err();
    assert!(matches!(error, PublishError::OtherLog { .. }), "{error}");
}

#[test]
fn entries_that_are_not_those_of_the_leaves_are_refused() {
    let place = MemoryTarget::new();
    let publisher = Publisher::new(place.clone(), ORIGIN, key());
    let wrong = publisher.publish(&tree(10), |index| Ok(entry(u8::from(index == 7), index)));
    assert!(matches!(wrong, Err(PublishError::Mismatch { index: 7 })));
    let failing = publisher.publish(&tree(10), |index| match index {
        8 => Err("the database is gone".into()),
        _ => Ok(entry(0, index)),
    });
    let text = failing.unwrap_err().to_string();
    assert_eq!(text, "entry 8 cannot be had: the database is gone");
    let long = vec![0; 65_536];
    let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
    tree.insert(rfc6962_leaf(&long)).unwrap();
    let error = publisher
        .publish(&tree.snapshot(), |_| Ok(long.clone()))
        .unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::TooLong {
                index: 0,
                len: 65_536
            }
        ),
        "{error}"
    );
    assert!(!place.files().contains_key("checkpoint"));

    let longest = vec![0; 65_535];
    let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
    tree.insert(rfc6962_leaf(&longest)).unwrap();
    publisher
        .publish(&tree.snapshot(), |_| Ok(longest.clone()))
        .unwrap();
    let bundle = place.get("tile/entries/000.p/1").unwrap().unwrap();
    assert_eq!(entries(&bundle), Some(vec![&longest[..]]));
}

/// A tree with another hash function has no place in such a log: clients would refuse it.
#[test]
fn a_tree_of_another_hash_function_is_refused() {
    let mut tree = LeanIMT::<_, 2, 64>::new(Sha256Hasher);
    tree.insert_many(&[rfc6962_leaf(&entry(0, 0)), rfc6962_leaf(&entry(0, 1))])
        .unwrap();
    let place = MemoryTarget::new();
    let error = publish(place.clone(), &tree.snapshot()).unwrap_err();
    assert!(matches!(error, PublishError::OtherHash), "{error}");
    assert!(place.files().is_empty());
}

/// A device that signs another text, or with another key, than it says.
struct Faulty(SecretKey, SecretKey);

impl Signer for Faulty {
    fn public(&self) -> &rotortree_tiles::PublicKey {
        self.0.public()
    }

    fn sign(&self, text: &str) -> Result<Signature, SignError> {
        self.1.sign(text)
    }
}

#[test]
fn a_signature_that_does_not_hold_is_not_published() {
    let other = SecretKey::from_seed(ORIGIN, KeyKind::Note, &[8; 32]).unwrap();
    let place = MemoryTarget::new();
    let publisher = Publisher::new(place.clone(), ORIGIN, Faulty(key(), other));
    let error = publisher
        .publish(&tree(3), |index| Ok(entry(0, index)))
        .unwrap_err();
    assert!(
        matches!(error, PublishError::Sign(SignError::False)),
        "{error}"
    );
    assert!(!place.files().contains_key("checkpoint"));
}

#[test]
fn cosignatures_are_kept_on_the_checkpoint_in_force_alone() {
    let place = MemoryTarget::new();
    let publisher = Publisher::new(place.clone(), ORIGIN, key());
    let publish = |size| {
        publisher
            .publish(&tree(size), |index| Ok(entry(0, index)))
            .unwrap()
    };
    let mut note = publish(3).note;
    let witness = SecretKey::from_seed("w.example", KeyKind::Cosignature, &[9; 32]).unwrap();
    note.add([rotortree_tiles::Cosigner::cosign(&witness, note.text(), 1).unwrap()]);
    publisher.publish_cosigned(&note).unwrap();
    let found = place.get("checkpoint").unwrap().unwrap();
    assert_eq!(
        Note::parse(&found)
            .unwrap()
            .verify(&[witness.public()])
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        publish(3).note,
        note,
        "published again, it keeps its cosignature"
    );
    assert_eq!(place.get("checkpoint").unwrap().unwrap(), found);

    publish(4);
    let late = publisher.publish_cosigned(&note);
    assert!(matches!(late, Err(PublishError::Superseded)));
    // A note that the log itself has not signed.
    let checkpoint = Checkpoint::new(ORIGIN, head(&tree(4)));
    let unsigned = Note::signed(checkpoint.to_string(), &[&witness]).unwrap();
    assert!(matches!(
        publisher.publish_cosigned(&unsigned),
        Err(PublishError::Checkpoint(_))
    ));
    assert!(
        log()
            .open(&place.get("checkpoint").unwrap().unwrap())
            .is_ok()
    );
}

#[test]
fn a_directory_has_the_same_files_as_memory() {
    let folder = tempfile::tempdir().unwrap();
    for size in [0, 1, 300, 300, 600] {
        let directory = Directory::open(folder.path()).unwrap();
        publish(directory, &tree(size)).unwrap();
    }
    let memory = published(&[0, 1, 300, 300, 600]).files();
    for (path, bytes) in &memory {
        assert_eq!(
            std::fs::read(folder.path().join(path)).unwrap(),
            *bytes,
            "{path}"
        );
    }
    let mut count = 0;
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => count += 1,
            }
        }
    }
    assert_eq!(count, memory.len() + 1, "all of them, and the lock");
}
