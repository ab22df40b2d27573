//! Objects that are cut, changed, swapped, missing or of a newer format: an error that names the
//! object, or every leaf that was acknowledged. Never fewer in silence.

use std::sync::Arc;

use object_store::{memory::InMemory, path::Path};
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::Hash;
use rotortree_store::RecoveryMode;

use crate::{
    objects::{objects, put, remove},
    place::{Bucket, Tree, append, leaves},
};

const LEAVES: u64 = 1_003;

/// A closed store with a checkpoint, a log behind it, and two owners' objects.
fn store() -> InMemory {
    let store = InMemory::new();
    let bucket = Bucket(Arc::new(store.clone()));
    let first = bucket.open().unwrap();
    append(&first, 0, 500);
    first.checkpoint().unwrap();
    append(&first, 500, 3);
    drop(first);
    let second = bucket.open().unwrap();
    append(&second, 503, 500);
    second.close().unwrap();
    store
}

/// A store whose second owner died: its first manifest alone names the segment with its groups.
fn store_of_the_dead() -> InMemory {
    let store = InMemory::new();
    let bucket = Bucket(Arc::new(store.clone()));
    let first = bucket.open().unwrap();
    append(&first, 0, 500);
    first.checkpoint().unwrap();
    first.close().unwrap();
    let second = bucket.open().unwrap();
    append(&second, 500, 500);
    append(&second, 1000, 3);
    // What comes later is none of the copy's.
    store.fork()
}

/// What opening and reading all leaves comes to.
fn read(store: &InMemory) -> Result<Vec<Hash>, String> {
    let bucket = Bucket(Arc::new(store.clone()));
    let text = |error: &dyn std::error::Error| {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        text
    };
    let builder = Tree::on(Arc::new(bucket.storage())).recovery(RecoveryMode::Strict);
    let tree = builder.open(Blake3Hasher);
    let tree = tree.map_err(|error| text(&error))?;
    let leaves = tree.leaves(..).map_err(|error| text(&error))?;
    leaves
        .collect::<Result<_, _>>()
        .map_err(|error| text(&error))
}

/// Damages each object of a store in one way, in a copy of the store.
fn sweep(kind: &str, damage: impl Fn(&InMemory, &Path, &[u8], &[(Path, Vec<u8>)])) {
    for store in [store(), store_of_the_dead()] {
        sweep_of(&store, kind, &damage);
    }
}

fn sweep_of(
    store: &InMemory,
    kind: &str,
    damage: impl Fn(&InMemory, &Path, &[u8], &[(Path, Vec<u8>)]),
) {
    let objects = objects(store);
    let expected = leaves(0, LEAVES);
    let mut told = 0;
    for (path, bytes) in &objects {
        let copy = store.fork();
        damage(&copy, path, bytes, &objects);
        match read(&copy) {
            Ok(leaves) => assert!(leaves == expected, "{kind} {path}: {} leaves", leaves.len()),
            Err(error) => {
                told += 1;
                let folder = path.as_ref().strip_prefix("trees/one/").unwrap();
                // A group that is not there is told by its segment.
                let segment = path
                    .as_ref()
                    .split_inclusive('/')
                    .take(4)
                    .collect::<String>();
                let is_named = error.contains(path.as_ref())
                    || folder.starts_with("pack/")
                    || folder.starts_with("log/") && error.contains(segment.trim_end_matches('/'));
                assert!(is_named, "{kind} {path}: {error}");
            }
        }
    }
    assert!(
        told >= 3,
        "{kind}: {told} of {} objects were missed",
        objects.len()
    );
}

#[test]
fn a_cut_object_is_told() {
    sweep("cut", |store, path, bytes, _| {
        put(store, path, &bytes[..bytes.len() / 2])
    });
    sweep("emptied", |store, path, _, _| put(store, path, &[]));
}

/// But for the last group of a dead owner: without it the log is one that was never longer.
#[test]
fn a_missing_object_is_told() {
    sweep_of(&store(), "removed", |store, path, _, _| remove(store, path));
    let dead = store_of_the_dead();
    let is_of_the_log = |path: &&Path| path.as_ref().contains("/log/");
    let objects = objects(&dead);
    let last = objects
        .iter()
        .map(|(path, _)| path)
        .filter(is_of_the_log)
        .max()
        .unwrap();
    sweep_of(&dead, "removed", |store, path, _, _| {
        if path != last {
            remove(store, path);
        }
    });
}

#[test]
fn a_changed_object_is_told() {
    sweep("changed", |store, path, bytes, _| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() * 2 / 3;
        bytes[middle] ^= 0x10;
        put(store, path, &bytes);
    });
}

#[test]
fn an_object_of_another_name_is_told() {
    sweep("swapped", |store, path, bytes, objects| {
        let folder = |path: &Path| path.parts().nth(2).map(|part| part.as_ref().to_owned());
        let alike =
            |(other, content): &&(Path, Vec<u8>)| folder(other) == folder(path) && content != bytes;
        if let Some((_, other)) = objects.iter().find(alike) {
            put(store, path, other);
        }
    });
}

/// Manifests and floors have the same names in each place. What is claimed on the strength of
/// another tree's manifest would stay once the right one is back.
#[test]
fn an_object_of_another_tree_is_told_and_claims_nothing() {
    let (store, other) = (store(), store());
    let (right, wrong) = (objects(&store), objects(&other));
    let mut told = 0;
    for (path, bytes) in &wrong {
        let Some((_, there)) = right.iter().find(|(there, _)| there == path) else {
            continue;
        };
        if there == bytes {
            continue;
        }
        put(&store, path, bytes);
        if let Err(error) = read(&store) {
            told += 1;
            assert!(error.contains(path.as_ref()), "{path}: {error}");
        }
        put(&store, path, there);
        assert!(read(&store).unwrap() == leaves(0, LEAVES), "{path} is back");
    }
    assert!(told >= 1, "{told} of {} objects were missed", wrong.len());
}

#[test]
fn an_object_of_a_newer_format_is_told() {
    sweep("newer", |store, path, bytes, _| {
        if bytes.starts_with(b"RTOB") {
            let mut bytes = bytes.to_vec();
            bytes[4] = 2;
            put(store, path, &bytes);
        }
    });
}

#[test]
fn foreign_objects_are_left_alone_and_told_where_there_is_no_store() {
    let store = InMemory::new();
    put(&store, &Path::from("trees/one/photo.jpg"), b"not ours");
    let error = read(&store).unwrap_err();
    assert!(
        error.contains("photo.jpg") && error.contains("empty place"),
        "{error}"
    );
    let store = self::store();
    put(&store, &Path::from("trees/one/photo.jpg"), b"not ours");
    assert_eq!(read(&store).unwrap().len() as u64, LEAVES);
    Bucket(Arc::new(store.clone()))
        .storage()
        .collect_orphans()
        .unwrap();
    assert!(
        objects(&store)
            .iter()
            .any(|(path, _)| path.as_ref().ends_with("photo.jpg"))
    );
}
