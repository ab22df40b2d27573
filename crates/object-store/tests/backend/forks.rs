//! Two copies of one bucket that were written on independently: what knows one of them refuses the
//! other where their histories differ.

use std::{sync::Arc, thread, time::Duration};

use object_store::memory::InMemory;
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::{TreeHead, TreeSnapshot};
use rotortree_object_store::DiskCache;
use rotortree_store::{RotorTreeError, StorageError, storage::Storage};

use crate::{
    objects::{objects, put, remove},
    place::{Bucket, Replica, Tree, append, leaves},
};

const SHARED: u64 = 700;
/// After half of it a replica looks whether the manifest that it knows is there.
const GRACE: Duration = Duration::from_millis(10);

/// A store, and a copy of it. Both have what was there at the copy, and each then has other leaves.
struct Fork {
    here: InMemory,
    there: InMemory,
    /// What both have.
    shared: InMemory,
    _owners: [Tree; 2],
}

/// How a copy goes on.
#[derive(Clone, Copy, Debug)]
struct GoesOn {
    leaves: u64,
    checkpoints: bool,
}

fn bucket(store: &InMemory) -> Bucket {
    Bucket(Arc::new(store.clone()))
}

impl Fork {
    fn new(here: GoesOn, there: GoesOn) -> Self {
        let store = InMemory::new();
        let owner = bucket(&store);
        let owner = owner.open_on(owner.storage().grace(GRACE)).unwrap();
        append(&owner, 0, 600);
        owner.checkpoint().unwrap();
        append(&owner, 600, SHARED - 600);
        let (copy, shared) = (store.fork(), store.fork());
        let other = bucket(&copy);
        let storage = other.storage().grace(GRACE).take_over(true);
        let other = other.open_on(storage).unwrap();
        for (tree, goes_on, first) in [(&owner, here, 10_000), (&other, there, 20_000)] {
            let (_, token) = tree.insert_many(&leaves(first, goes_on.leaves)).unwrap();
            token.wait().unwrap();
            if goes_on.checkpoints {
                tree.checkpoint().unwrap();
            }
        }
        Self {
            here: store,
            there: copy,
            shared,
            _owners: [owner, other],
        }
    }
}

fn ways() -> impl Iterator<Item = (GoesOn, GoesOn)> {
    let each = [(3, false), (300, false), (3, true), (300, true)];
    let each = each.map(|(leaves, checkpoints)| GoesOn {
        leaves,
        checkpoints,
    });
    each.into_iter()
        .flat_map(move |here| each.map(|there| (here, there)))
}

/// Puts the objects of another store in the place of those of `store`.
fn replace(store: &InMemory, other: &InMemory) {
    for (path, _) in objects(store) {
        remove(store, &path);
    }
    for (path, bytes) in objects(other) {
        put(store, &path, &bytes);
    }
}

fn head_of(store: &InMemory) -> TreeHead {
    bucket(store).replica().unwrap().head().unwrap()
}

fn is_of_another_history(error: &RotorTreeError) -> bool {
    matches!(
        error,
        RotorTreeError::Storage(StorageError::UnexpectedHead { .. })
    )
}

#[test]
fn a_replica_whose_bucket_becomes_a_fork_says_so_and_keeps_what_it_showed() {
    for (here, there) in ways() {
        let told = format!("{here:?}, then {there:?}");
        let fork = Fork::new(here, there);
        let (expected, other) = (head_of(&fork.here), head_of(&fork.there));
        let place = fork.here.fork();
        let replica: Replica = bucket(&place).replica().unwrap();
        assert_eq!(replica.head(), Some(expected), "{told}");
        let right = place.fork();
        replace(&place, &fork.there);
        for _ in 0..3 {
            thread::sleep(GRACE);
            let error = replica.refresh().expect_err(&told);
            assert!(matches!(error, RotorTreeError::Storage(_)), "{error}");
            assert_eq!(replica.head(), Some(expected), "{told}: {error}");
        }
        // A fresh one has no history to hold it to.
        assert_eq!(
            bucket(&place).replica().unwrap().head(),
            Some(other),
            "{told}"
        );
        replace(&place, &right);
        replica.refresh().expect(&told);
        assert_eq!(
            replica.head(),
            Some(expected),
            "{told}: the right one is back"
        );
    }
}

#[test]
fn a_replica_that_showed_what_both_have_follows_either() {
    for (here, there) in ways() {
        let fork = Fork::new(here, there);
        for side in [&fork.here, &fork.there] {
            let place = fork.shared.fork();
            let replica = bucket(&place).replica().unwrap();
            assert_eq!(replica.size(), SHARED);
            replace(&place, side);
            assert!(replica.refresh().unwrap());
            assert_eq!(replica.head(), Some(head_of(side)), "{here:?}, {there:?}");
        }
    }
}

#[test]
fn a_head_of_one_is_refused_by_the_other() {
    for (here, there) in ways() {
        let fork = Fork::new(here, there);
        let published = head_of(&fork.here);
        let place = bucket(&fork.there);
        let storage = || Arc::new(place.storage().take_over(true));
        let refused = Tree::on(storage())
            .expect_head(published)
            .open(Blake3Hasher);
        let refused = refused.map(drop).unwrap_err();
        assert!(is_of_another_history(&refused), "{refused}");
        let refused = Tree::on(storage()).expect_head(published);
        let refused = refused.open_read_only(Blake3Hasher).map(drop).unwrap_err();
        assert!(is_of_another_history(&refused), "{refused}");
        let shared = bucket(&fork.here).replica().unwrap();
        let shared = shared
            .snapshot()
            .snapshot_at(SHARED)
            .unwrap()
            .head()
            .unwrap();
        Tree::on(storage())
            .expect_head(shared)
            .open(Blake3Hasher)
            .unwrap();
    }
}

fn prove_all(snapshot: &TreeSnapshot<4, 20>) {
    let head = snapshot.head().unwrap();
    for index in 0..snapshot.size() {
        let proof = snapshot.generate_proof(index).unwrap();
        proof.verify_against(&Blake3Hasher, head).unwrap();
    }
}

/// Packs have names that no other handle makes: those that both have are the same, and the others
/// are not found.
#[test]
fn a_cache_that_another_bucket_filled_gives_what_both_have_and_no_more() {
    let long = GoesOn {
        leaves: 300,
        checkpoints: true,
    };
    let fork = Fork::new(long, long);
    let stranger = InMemory::new();
    let owner = bucket(&stranger).open().unwrap();
    append(&owner, 50_000, 900);
    owner.checkpoint().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for store in [&fork.here, &fork.there, &stranger, &fork.here] {
        let cache = Arc::new(DiskCache::open(folder.path(), 1 << 20).unwrap());
        let storage = Arc::new(bucket(store).storage().cache(cache));
        for fills in [false, true] {
            if fills {
                storage.fill_cache().unwrap();
            }
            let replica = Tree::on(Arc::clone(&storage) as Arc<dyn Storage>);
            let replica = replica.open_read_only(Blake3Hasher).unwrap();
            assert_eq!(replica.head(), Some(head_of(store)));
            prove_all(&replica.snapshot());
        }
    }
}

#[test]
fn a_backup_of_one_is_not_extended_by_the_other() {
    for (here, there) in ways() {
        let told = format!("{here:?}, then {there:?}");
        let fork = Fork::new(here, there);
        let open = |store: &InMemory| {
            let place = bucket(store);
            place.open_on(place.storage().take_over(true)).unwrap()
        };
        let (one, other) = (open(&fork.here), open(&fork.there));
        let target = InMemory::new();
        let backup = || Arc::new(bucket(&target).storage());
        one.backup_to(backup()).unwrap();
        let expected = head_of(&target);
        let refused = other.backup_to(backup()).expect_err(&told);
        assert!(
            matches!(refused, RotorTreeError::Storage(_)),
            "{told}: {refused}"
        );
        assert_eq!(head_of(&target), expected, "{told}");
        one.backup_to(backup()).unwrap();
    }
}
