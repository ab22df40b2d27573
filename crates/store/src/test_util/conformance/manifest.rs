//! Clauses about the manifest.

use super::site::{Clause, Site, pattern};
use crate::storage::{Storage, WriteError};

pub(super) const CLAUSES: &[Clause] = &[
    (
        "a committed manifest is in force, whatever stood before",
        in_force,
    ),
    (
        "a manifest that does not follow the one in force is refused",
        refused,
    ),
    ("a first manifest is not committed twice", first_only_once),
    (
        "a manifest without the one before it is refused",
        needs_the_one_before,
    ),
    (
        "a later owner goes on from the manifest in force",
        next_owner,
    ),
    (
        "a manifest is in force until another one is, also for other handles",
        until_the_next,
    ),
    (
        "a manifest is read whole while others are committed",
        reading_beside_writing,
    ),
];

#[track_caller]
fn expect(storage: &dyn Storage, bytes: &[u8]) {
    let manifest = storage.load_manifest().expect("the manifest can be read");
    assert!(
        manifest.as_deref() == Some(bytes),
        "the manifest in force is not the expected one"
    );
}

fn in_force(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    for generation in 0..6 {
        // Longer and shorter ones by turns: nothing of an earlier one may show.
        let len = [10, 70_000, 1, 4096, 513, 300][generation as usize];
        let bytes = pattern(generation, len);
        storage
            .commit_manifest(generation, &bytes)
            .expect("committed");
        expect(&*storage, &bytes);
        expect(&*site.open(), &bytes);
    }
}

fn refused(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    storage.commit_manifest(0, b"zero").expect("committed");
    storage.commit_manifest(1, b"one").expect("committed");
    for generation in [0, 3, 7, u64::MAX] {
        let commit = storage.commit_manifest(generation, b"other");
        assert!(
            matches!(
                commit,
                Err(WriteError::NotWritten(_) | WriteError::Fenced(_))
            ),
            "generation {generation} after 1: {commit:?}"
        );
        expect(&*storage, b"one");
    }
    storage.commit_manifest(2, b"two").expect("committed");
    expect(&*storage, b"two");
}

fn first_only_once(site: &Site<'_>) {
    {
        let storage = site.open();
        let _owner = storage.acquire().expect("the place has no owner");
        storage.commit_manifest(0, b"the first").expect("committed");
    }
    let (storage, _owner) = site.owned();
    let again = storage.commit_manifest(0, b"another");
    assert!(matches!(again, Err(WriteError::Fenced(_))), "got {again:?}");
    expect(&*storage, b"the first");
}

fn needs_the_one_before(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let early = storage.commit_manifest(1, b"early");
    assert!(
        matches!(early, Err(WriteError::NotWritten(_))),
        "got {early:?}"
    );
    assert_eq!(
        storage.load_manifest().expect("no manifest is no error"),
        None
    );
}

fn next_owner(site: &Site<'_>) {
    let first = site.open();
    for generation in 0..4 {
        // By turns a new handle and one that owned the place before.
        let new = site.open();
        let storage = if generation % 2 == 0 { &first } else { &new };
        let _owner = storage.acquire().expect("the place has no owner");
        if let Some(last) = u64::checked_sub(generation, 1) {
            expect(&**storage, &pattern(last, 100));
        }
        storage
            .commit_manifest(generation, &pattern(generation, 100))
            .expect("committed");
    }
}

fn until_the_next(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let reader = site.open();
    let head = |generation: u64| pattern(generation, 64);
    for generation in 0..4 {
        // The rest of them is alike, and shorter and longer by turns.
        let rest = [1000, 0, 70_000, 1][generation as usize];
        let bytes = [head(generation), vec![7; rest]].concat();
        storage
            .commit_manifest(generation, &bytes)
            .expect("committed");
        let loaded = reader.load_manifest().expect("the manifest can be read");
        assert_eq!(loaded, Some(bytes));
        for handle in [&storage, &reader, &site.open()] {
            let is_in_force = |generation| {
                let asked = handle.is_in_force(generation, &head(generation));
                asked.expect("the manifest can be looked at")
            };
            assert!(is_in_force(generation), "generation {generation}");
            for older in 0..generation {
                assert!(!is_in_force(older), "generation {older} was replaced");
            }
        }
    }
}

fn reading_beside_writing(site: &Site<'_>) {
    const GENERATIONS: u64 = 60;
    let (storage, _owner) = site.owned();
    let other = site.open();
    let manifest = |generation: u64| vec![generation as u8; 1000 + 37 * generation as usize];
    storage.commit_manifest(0, &manifest(0)).expect("committed");
    std::thread::scope(|scope| {
        for handle in [&*storage, &*other] {
            scope.spawn(move || {
                let mut last = 0;
                while last != GENERATIONS {
                    let bytes = handle.load_manifest().expect("the manifest can be read");
                    let bytes = bytes.expect("there is one");
                    let generation = u64::from(bytes[0]);
                    assert!(bytes == manifest(generation), "a whole manifest");
                    assert!(generation >= last, "manifests do not go back");
                    last = generation;
                }
            });
        }
        for generation in 1..=GENERATIONS {
            storage
                .commit_manifest(generation, &manifest(generation))
                .expect("committed");
        }
    });
}
