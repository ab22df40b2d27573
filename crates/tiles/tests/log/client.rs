//! A client believes nothing that does not follow from the key.

use std::sync::{Arc, Mutex};

use rotortree_hasher::Rfc6962Hasher;
use rotortree_lean_imt::TreeHead;
use rotortree_tiles::{
    Checkpoint, CheckpointError, Client, FollowError, KeyKind, MemoryTarget, Note, NoteError,
    Quorum, QuorumError, ReadError, SecretKey, Source, Target, TargetError, Tile,
};

use crate::sample::{ORIGIN, entry, forked_tree, head, key, log, published, tree};

/// Remembers the paths that were read.
#[derive(Clone)]
struct Recording {
    files: MemoryTarget,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Recording {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.paths.lock().unwrap())
    }
}

impl Source for Recording {
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        self.paths.lock().unwrap().push(path.to_owned());
        Target::get(&self.files, path)
    }
}

fn recording(files: MemoryTarget) -> Recording {
    let paths = Arc::default();
    Recording { files, paths }
}

#[test]
fn proofs_from_tiles_are_those_of_the_tree() {
    for size in [1, 2, 255, 256, 257, 300, 511, 512, 600] {
        let (tree, place) = (tree(size), published(&[size]));
        let mut client = Client::new(place, log()).with_cached_tiles(1);
        assert_eq!(client.follow().unwrap(), head(&tree));
        for index in (0..size).step_by(37).chain([size - 1]) {
            assert_eq!(
                client.prove(index).unwrap(),
                tree.generate_proof(index).unwrap()
            );
            assert_eq!(client.leaf(index).unwrap(), tree.get_leaf(index).unwrap());
            assert_eq!(client.entry(index).unwrap(), entry(0, index));
        }
        let snapshot = client.snapshot().unwrap();
        for old in (0..=size).step_by(41) {
            let old = head(&tree.snapshot_at(old).unwrap());
            let proof = snapshot
                .generate_consistency_proof(old.size, old.root)
                .unwrap();
            proof
                .verify_against(&Rfc6962Hasher, old, head(&tree))
                .unwrap();
        }
        assert!(client.prove(size).is_err() && client.entry(size).is_err());
        assert!(client.bundle(u64::MAX).is_err());
    }
}

#[test]
fn the_source_learns_of_tiles_and_not_of_leaves() {
    let source = recording(published(&[600]));
    let mut client = Client::new(source.clone(), log());
    client.follow().unwrap();
    assert_eq!(
        source.take(),
        ["checkpoint", "tile/0/002.p/88", "tile/1/000.p/2"]
    );
    let paths: Vec<Vec<String>> = [3, 77, 255]
        .map(|index| {
            let client = Client::new(source.clone(), log());
            let mut client = client.with_cached_tiles(0);
            client.follow().unwrap();
            source.take();
            client.prove(index).unwrap();
            let mut paths = source.take();
            paths.sort();
            paths.dedup();
            paths
        })
        .to_vec();
    assert!(paths.iter().all(|read| *read == paths[0]), "{paths:?}");

    client.prove(3).unwrap();
    source.take();
    client.prove(200).unwrap();
    assert_eq!(source.take(), [""; 0], "verified tiles are kept");
}

#[test]
fn a_log_is_followed_as_it_grows() {
    let place = MemoryTarget::new();
    let mut client = Client::new(place.clone(), log());
    assert!(matches!(client.follow(), Err(FollowError::NoCheckpoint)));
    for size in [0, 1, 255, 256, 300, 300, 600, 1030] {
        crate::sample::publish(place.clone(), &tree(size)).unwrap();
        assert_eq!(client.follow().unwrap(), head(&tree(size)));
        if size > 0 {
            assert_eq!(client.entry(size - 1).unwrap(), entry(0, size - 1));
        }
    }
    // Another client goes on from the note that this one kept.
    let note = client.checkpoint().unwrap().note().to_string();
    let mut resumed = Client::new(place, log());
    assert_eq!(resumed.resume(note.as_bytes()).unwrap(), client.head());
}

/// Every file of the log changed in every way: the client errs, and the error names the file.
#[test]
fn a_changed_file_is_not_believed() {
    let full = published(&[600]).files();
    let other: std::collections::BTreeMap<_, _> = {
        let place = MemoryTarget::new();
        let publisher = rotortree_tiles::Publisher::new(place.clone(), ORIGIN, key());
        let entry = |index| Ok(entry(1, index));
        publisher.publish(&forked_tree(600, 0), entry).unwrap();
        place.files()
    };
    let tiles = full.keys().filter(|path| Tile::parse(path).is_some());
    let mut count = 0;
    for path in tiles {
        let whole = &full[path];
        let mut changes = vec![
            None,
            Some(Vec::new()),
            Some(whole[..whole.len() - 1].to_vec()),
            Some(whole[..whole.len() - 32].to_vec()),
            Some([&whole[..], &[0]].concat()),
            Some([&whole[..], &[0; 32]].concat()),
            Some(other[path].clone()),
        ];
        for at in (0..whole.len()).step_by(whole.len() / 7) {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            changes.push(Some(changed));
        }
        // The tile of another place.
        let kind = |path: &str| Tile::parse(path).map(|tile| tile.kind);
        let others = full
            .keys()
            .filter(|other| *other != path && kind(other) == kind(path));
        changes.extend(others.map(|other| Some(full[other].clone())));
        for change in changes {
            let mut files = full.clone();
            match change {
                Some(bytes) => files.insert(path.clone(), bytes),
                None => files.remove(path),
            };
            let error = read_everything(files).unwrap_err();
            let names = match &error {
                FollowError::Read(ReadError::Edge { .. }) => path.contains(".p/"),
                error => error.to_string().contains(path.as_str()),
            };
            assert!(names, "{path}: {error}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
    read_everything(full).unwrap();
}

fn read_everything(files: std::collections::BTreeMap<String, Vec<u8>>) -> Result<(), FollowError> {
    let mut client = Client::new(MemoryTarget::from(files), log());
    let head = client.follow()?;
    for index in 0..head.size.div_ceil(256) {
        client.leaf(index * 256)?;
        client.bundle(index)?;
    }
    Ok(())
}

/// A note over the text of a checkpoint.
fn note(text: &str) -> Vec<u8> {
    Note::signed(text, &[&key()])
        .unwrap()
        .to_string()
        .into_bytes()
}

fn follow_to(note: &[u8]) -> FollowError {
    let place = published(&[300]);
    place.put("checkpoint", note).unwrap();
    Client::new(place, log()).follow().unwrap_err()
}

#[test]
fn a_bad_checkpoint_is_not_believed() {
    let good = Checkpoint::new(ORIGIN, head(&tree(300))).to_string();
    let error = follow_to(b"no note at all");
    assert!(matches!(
        error,
        FollowError::Checkpoint(CheckpointError::Note(NoteError::Malformed { .. }))
    ));

    let other = SecretKey::from_seed(ORIGIN, KeyKind::Note, &[8; 32]).unwrap();
    let foreign = Note::signed(&*good, &[&other]).unwrap().to_string();
    let error = follow_to(foreign.as_bytes());
    assert!(matches!(
        error,
        FollowError::Checkpoint(CheckpointError::Note(NoteError::NoKnownSignature))
    ));

    let tampered = String::from_utf8(note(&good))
        .unwrap()
        .replace("\n300\n", "\n301\n");
    let error = follow_to(tampered.as_bytes());
    assert!(matches!(
        error,
        FollowError::Checkpoint(CheckpointError::Note(NoteError::FalseSignature { .. }))
    ));

    let error = follow_to(&note(&format!("{good}a line more\n")));
    assert!(
        matches!(error, FollowError::Checkpoint(CheckpointError::Extension { line }) if line == "a line more")
    );

    let error = follow_to(&note(&good.replace(ORIGIN, "example.com/other")));
    assert!(matches!(
        error,
        FollowError::Checkpoint(CheckpointError::Origin { .. })
    ));

    for (line, text) in [
        (2, good.replace("300", "0300")),
        (2, good.replace("300", "+300")),
        (3, good.replace("\n300\n", "\n0\n")),
        (3, format!("{ORIGIN}\n300\nAAAA\n")),
        (3, format!("{ORIGIN}\n300\n")),
        (4, format!("{good}\nbehind an empty line\n")),
        (1, good.replace(ORIGIN, "")),
    ] {
        let error = follow_to(&note(&text));
        assert!(
            matches!(error, FollowError::Checkpoint(CheckpointError::Malformed { line: at }) if at == line),
            "{text}: {error}"
        );
    }
    // A root that is signed and has no tiles.
    let error = follow_to(&note(
        &Checkpoint::new(
            ORIGIN,
            TreeHead {
                size: 300,
                root: [9; 32],
            },
        )
        .to_string(),
    ));
    assert!(
        matches!(error, FollowError::Read(ReadError::Edge { .. })),
        "{error}"
    );
}

#[test]
fn a_rollback_and_a_fork_are_refused_with_both_notes() {
    let honest = published(&[300]);
    let fork = |size, from| {
        let place = MemoryTarget::new();
        let publisher = rotortree_tiles::Publisher::new(place.clone(), ORIGIN, key());
        let entry = |index| Ok(entry(u8::from(index >= from), index));
        publisher.publish(&forked_tree(size, from), entry).unwrap();
        place
    };
    for other in [
        fork(300, 299),
        fork(300, 0),
        fork(299, 5),
        fork(700, 299),
        fork(1, 0),
    ] {
        let place = honest.files();
        let target = MemoryTarget::from(place.clone());
        let mut client = Client::new(target.clone(), log());
        let head = client.follow().unwrap();
        client.prove(0).unwrap();
        for (path, bytes) in other.files() {
            target.put(&path, &bytes).unwrap();
        }
        let FollowError::Fork { old, new } = client.follow().unwrap_err() else {
            panic!("a fork was not noticed");
        };
        assert_eq!(old.note().to_string().as_bytes(), place["checkpoint"]);
        assert_eq!(
            new.note().to_string().as_bytes(),
            other.files()["checkpoint"]
        );
        // What the client believed stays, and nothing of the fork is believed.
        for (path, bytes) in place {
            target.put(&path, &bytes).unwrap();
        }
        assert_eq!(client.head(), head);
        client
            .prove(299)
            .unwrap()
            .verify_against(&Rfc6962Hasher, head)
            .unwrap();
    }
    for size in [0, 1, 256, 299] {
        let target = honest.clone();
        let mut client = Client::new(MemoryTarget::from(target.files()), log());
        let head = client.follow().unwrap();
        let earlier = note(&Checkpoint::new(ORIGIN, crate::sample::head(&tree(size))).to_string());
        let error = client.resume(&earlier).unwrap_err();
        assert!(
            matches!(&error, FollowError::RolledBack { new, .. } if new.head().size == size),
            "{error}"
        );
        assert_eq!(client.head(), head);
    }
}

#[test]
fn a_client_with_a_quorum_wants_cosignatures() {
    let witness = SecretKey::from_seed("w.example", KeyKind::Cosignature, &[9; 32]).unwrap();
    let quorum = Quorum::new(1, [witness.public().clone()]).unwrap();
    let place = published(&[300]);
    let mut client = Client::new(place.clone(), log()).with_quorum(quorum);
    assert!(matches!(
        client.follow(),
        Err(FollowError::Quorum(QuorumError::TooFew {
            needed: 1,
            found: 0
        }))
    ));
    let mut note = Note::parse(&place.files()["checkpoint"]).unwrap();
    note.add([rotortree_tiles::Cosigner::cosign(&witness, note.text(), 1).unwrap()]);
    place
        .put("checkpoint", note.to_string().as_bytes())
        .unwrap();
    assert_eq!(client.follow().unwrap(), head(&tree(300)));
}
