//! Copies of a bucket object by object, in any order and cut off at any time, as replication
//! between regions makes them: what opens has every leaf that the copy has, and everything else is
//! told.

use std::{collections::BTreeSet, error::Error, sync::Arc, thread, time::Duration};

use object_store::{memory::InMemory, path::Path};
use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_store::RecoveryMode;

use crate::{
    objects::{objects, put},
    place::{Bucket, Tree, append, leaves},
};

/// An object with the number of leaves that it shows to have been acknowledged.
struct Copied {
    path: Path,
    bytes: Vec<u8>,
    shows: u64,
}

/// The objects of a store in the order in which they came.
struct History {
    store: InMemory,
    known: BTreeSet<Path>,
    objects: Vec<Copied>,
}

impl History {
    fn new() -> (Self, Bucket) {
        let store = InMemory::new();
        let bucket = Bucket(Arc::new(store.clone()));
        let history = Self {
            store,
            known: BTreeSet::new(),
            objects: Vec::new(),
        };
        (history, bucket)
    }

    /// Notes what came since, and which acknowledged so many leaves.
    fn note(&mut self, acknowledged: u64) {
        for (path, bytes) in objects(&self.store) {
            if self.known.insert(path.clone()) {
                let name = path.as_ref().strip_prefix("trees/one/").unwrap();
                let is_manifest = name.starts_with("manifest/");
                // The header of a segment stands at its beginning.
                let is_group = name.starts_with("log/") && !name.ends_with("/00000000000000000000");
                self.objects.push(Copied {
                    shows: if is_manifest || is_group {
                        acknowledged
                    } else {
                        0
                    },
                    path,
                    bytes,
                });
            }
        }
    }

    /// Appends leaves one group after the other.
    fn append(&mut self, tree: &Tree, from: u64, each: u64, groups: u64) {
        for group in 0..groups {
            append(tree, from + group * each, each);
            self.note(from + (group + 1) * each);
        }
    }
}

/// Three owners, of which the first two died, with checkpoints and logs behind them.
fn history() -> (Vec<Copied>, u64) {
    let (mut history, bucket) = History::new();
    let open = || bucket.open_on(bucket.storage().take_over(true)).unwrap();
    let first = open();
    history.note(0);
    history.append(&first, 0, 200, 2);
    first.checkpoint().unwrap();
    history.note(400);
    history.append(&first, 400, 3, 3);
    let second = open();
    history.note(409);
    history.append(&second, 409, 5, 2);
    second.checkpoint().unwrap();
    history.note(419);
    second.checkpoint().unwrap();
    history.append(&second, 419, 300, 1);
    second.checkpoint().unwrap();
    history.note(719);
    history.append(&second, 719, 2, 2);
    let third = open();
    history.note(723);
    history.append(&third, 723, 4, 3);
    // Neither drops in this place: nothing is written that was not noted.
    let copied = history.objects;
    (copied, 735)
}

fn text(error: &dyn Error) -> String {
    let source = error.source().map(text);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// What a tree of a copy shows, and whether it tells of damage.
type Shown = (Vec<Hash>, bool);

fn show_writer(bucket: &Bucket, mode: RecoveryMode) -> Result<Shown, String> {
    let storage = Arc::new(bucket.storage().take_over(true));
    let tree = Tree::on(storage).recovery(mode).open(Blake3Hasher);
    let tree = tree.map_err(|error| text(&error))?;
    let leaves = tree.leaves(..).map_err(|error| text(&error))?;
    let leaves = leaves.collect::<Result<_, _>>();
    let is_told = tree.recovery_report().damage.is_some();
    Ok((leaves.map_err(|error| text(&error))?, is_told))
}

fn show_replica(bucket: &Bucket, mode: RecoveryMode) -> Result<Shown, String> {
    let builder = Tree::on(Arc::new(bucket.storage())).recovery(mode);
    let replica = builder.open_read_only(Blake3Hasher);
    let replica = replica.map_err(|error| text(&error))?;
    let leaves = replica.leaves(..).map_err(|error| text(&error))?;
    let leaves = leaves.collect::<Result<_, _>>();
    let is_told = replica.recovery_report().damage.is_some();
    Ok((leaves.map_err(|error| text(&error))?, is_told))
}

/// What copies came to.
#[derive(Debug, Default)]
struct Outcomes {
    whole: u64,
    older: u64,
    empty: u64,
    told: u64,
}

/// Opens the copy that has these objects.
fn open_copy(copied: &[&Copied], what: &str, expected: &[Hash], outcomes: &mut Outcomes) {
    let store = InMemory::new();
    for object in copied {
        put(&store, &object.path, &object.bytes);
    }
    let least = copied.iter().map(|object| object.shows).max().unwrap_or(0);
    let there = || {
        copied
            .iter()
            .map(|object| object.path.as_ref())
            .collect::<Vec<_>>()
    };
    for mode in [RecoveryMode::Strict, RecoveryMode::StopAtLastValid] {
        type Show = fn(&Bucket, RecoveryMode) -> Result<Shown, String>;
        for show in [show_replica as Show, show_writer] {
            let fork = Bucket(Arc::new(store.fork()));
            match show(&fork, mode) {
                Ok((leaves, is_told)) => {
                    let len = leaves.len();
                    assert!(expected.starts_with(&leaves), "{what}: other leaves");
                    assert!(
                        len as u64 >= least || is_told,
                        "{what}, {mode:?}: {len} of {least} leaves in silence of {:#?}",
                        there()
                    );
                    match len {
                        0 => outcomes.empty += 1,
                        _ if leaves == expected => outcomes.whole += 1,
                        _ => outcomes.older += 1,
                    }
                }
                Err(error) => {
                    outcomes.told += 1;
                    let names_it = error.contains("object store/trees/one");
                    assert!(names_it, "{what}, {mode:?}: {error} of {:#?}", there());
                }
            }
        }
    }
}

#[test]
fn a_copy_that_ends_at_any_object_opens_as_it_was_or_is_told() {
    let (copied, size) = history();
    let expected = leaves(0, size);
    let mut outcomes = Outcomes::default();
    for end in 0..=copied.len() {
        let part: Vec<&Copied> = copied[..end].iter().collect();
        open_copy(&part, &format!("{end} objects"), &expected, &mut outcomes);
    }
    assert!(outcomes.whole > 0 && outcomes.older > 20, "{outcomes:?}");
}

#[test]
fn a_copy_without_any_two_objects_has_what_they_show_or_is_told() {
    let (copied, size) = history();
    let expected = leaves(0, size);
    let mut outcomes = Outcomes::default();
    for one in 0..copied.len() {
        for other in one..copied.len() {
            let there = (0..)
                .zip(&copied)
                .filter(|(at, _)| ![one, other].contains(at));
            let part: Vec<&Copied> = there.map(|(_, object)| object).collect();
            let what = format!("without {} and {}", copied[one].path, copied[other].path);
            open_copy(&part, &what, &expected, &mut outcomes);
        }
    }
    assert!(outcomes.whole > 0 && outcomes.told > 100, "{outcomes:?}");
}

#[test]
fn a_copy_of_any_objects_in_any_order_has_what_they_show_or_is_told() {
    let (copied, size) = history();
    let expected = leaves(0, size);
    let mut outcomes = Outcomes::default();
    let mut state = 0x5eed_u64;
    let mut draw = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for round in 0..400 {
        // Few are missing, or few are there, or whole ends.
        let missing = 1 + draw(12);
        let end = 1 + draw(copied.len() as u64) as usize;
        let end = if draw(2) == 0 { copied.len() } else { end };
        let part = copied[..end].iter();
        let part: Vec<&Copied> = part.filter(|_| draw(13) >= missing).collect();
        open_copy(&part, &format!("round {round}"), &expected, &mut outcomes);
    }
    assert!(outcomes.older > 0 && outcomes.told > 100, "{outcomes:?}");
}

/// The segment between has nothing that came over.
#[test]
fn a_copy_whose_newest_segment_is_two_behind_the_manifest_is_told() {
    let (mut history, bucket) = History::new();
    let tree = bucket.open().unwrap();
    for round in 0..3 {
        append(&tree, round * 300, 300);
        tree.checkpoint().unwrap();
        history.note((round + 1) * 300);
    }
    history.append(&tree, 900, 3, 1);
    let segment = |copied: &Copied| {
        let name = copied.path.as_ref().strip_prefix("trees/one/log/")?;
        name.split('/').next()?.parse::<u64>().ok()
    };
    let newest = history.objects.iter().filter_map(segment).max().unwrap();
    let is_of_the_first = |copied: &&Copied| {
        let is_manifest = copied.path.as_ref().contains("/manifest/");
        !(is_manifest && copied.shows > 300) && segment(copied) != Some(newest - 1)
    };
    let copied: Vec<&Copied> = history.objects.iter().filter(is_of_the_first).collect();
    let mut outcomes = Outcomes::default();
    open_copy(&copied, "two behind", &leaves(0, 903), &mut outcomes);
    assert_eq!(outcomes.told, 4, "{outcomes:?}");
}

/// A floor says that there were manifests: what is created below it would count for nothing.
#[test]
fn a_copy_that_has_a_floor_alone_is_no_empty_place() {
    let store = InMemory::new();
    let bucket = Bucket(Arc::new(store.clone()));
    let tree = bucket
        .open_on(bucket.storage().grace(Duration::ZERO))
        .unwrap();
    for round in 0..3 {
        append(&tree, round * 300, 300);
        tree.checkpoint().unwrap();
    }
    // Ages are told apart by the milliseconds of the store's clock.
    thread::sleep(Duration::from_millis(5));
    assert!(bucket.storage().collect_orphans().unwrap().manifests > 0);
    let copy = InMemory::new();
    for (path, bytes) in objects(&store) {
        if path.as_ref().contains("/floor/") {
            put(&copy, &path, &bytes);
        }
    }
    let refused = show_writer(&Bucket(Arc::new(copy)), RecoveryMode::Strict).unwrap_err();
    assert!(refused.contains("the manifest is missing"), "{refused}");
}
