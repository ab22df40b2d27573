//! What the collector removes, and what it leaves for readers, owners and their stalled requests.

use std::{collections::BTreeSet, sync::Arc, thread, time::Duration};

use object_store::{ObjectStore, memory::InMemory};
use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::{Collected, ObjectStorage};
use rotortree_store::{
    manifest::Manifest,
    storage::{Shard, Storage, Stream, WriteError},
};
use tokio::runtime::Builder;

use crate::place::{Bucket, Tree, append};

/// A place whose readers rely on nothing that is not named now.
fn storage(bucket: &Bucket) -> ObjectStorage {
    bucket.storage().grace(Duration::ZERO)
}

/// The names of all objects, below the place.
fn names(bucket: &Bucket) -> BTreeSet<String> {
    let runtime = Builder::new_current_thread().build().unwrap();
    let prefix = "trees/one/";
    let listed = bucket.0.list(None);
    let listed = runtime.block_on(futures_util::TryStreamExt::try_collect::<Vec<_>>(listed));
    let names = listed.unwrap().into_iter().map(|object| {
        let name = object.location.to_string();
        name.strip_prefix(prefix).unwrap().to_owned()
    });
    names.collect()
}

fn count(bucket: &Bucket, folder: &str) -> usize {
    names(bucket)
        .iter()
        .filter(|name| name.starts_with(folder))
        .count()
}

/// Collects what was written until now.
fn collect(bucket: &Bucket) -> Collected {
    // Ages are told apart by the milliseconds of the store's clock.
    thread::sleep(Duration::from_millis(5));
    bucket.storage().collect_orphans().unwrap()
}

#[test]
fn packs_stay_few_and_every_leaf_stays() {
    const ROUNDS: u64 = 40;
    let bucket = Bucket::new();
    let tree = bucket.open_on(storage(&bucket)).unwrap();
    append(&tree, 0, 300);
    tree.checkpoint().unwrap();
    let early = bucket.replica().unwrap();
    let early_head = early.head().unwrap();
    for round in 1..ROUNDS {
        append(&tree, round * 300, 300);
        tree.checkpoint().unwrap();
    }
    append(&tree, ROUNDS * 300, 7);
    let before = [
        count(&bucket, "pack/"),
        count(&bucket, "manifest/"),
        count(&bucket, "log/"),
    ];
    let done = collect(&bucket);
    let after = [
        count(&bucket, "pack/"),
        count(&bucket, "manifest/"),
        count(&bucket, "log/"),
    ];
    assert!(
        done.packs > 0 && done.manifests > 0 && done.log_objects > 0,
        "{done:?}"
    );
    assert!(
        before[0] >= ROUNDS as usize && after[0] <= 12,
        "{before:?}, then {after:?}"
    );
    assert!(after[1] <= 2 && after[2] <= 4, "{before:?}, then {after:?}");
    // What is there is what is needed.
    let replica = bucket.replica().unwrap();
    assert_eq!(replica.head(), tree.head());
    let leaves: Vec<_> = replica
        .leaves(..)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(leaves, crate::place::leaves(0, ROUNDS * 300 + 7));
    // Its packs were merged into others, which have the same bytes.
    let snapshot = early.snapshot();
    for index in [0, 150, 299] {
        let proof = snapshot.generate_proof(index).unwrap();
        proof.verify_against(&Blake3Hasher, early_head).unwrap();
    }
    early.refresh().unwrap();
    assert_eq!(early.head(), tree.head());
    append(&tree, ROUNDS * 300 + 7, 300);
    tree.checkpoint().unwrap();
    collect(&bucket);
    tree.close().unwrap();
    assert_eq!(bucket.open().unwrap().size(), ROUNDS * 300 + 307);
}

#[test]
fn within_the_grace_nothing_goes() {
    let bucket = Bucket::new();
    let tree = bucket.open().unwrap();
    for round in 0..12 {
        append(&tree, round * 300, 300);
        tree.checkpoint().unwrap();
    }
    let before = names(&bucket);
    assert_eq!(collect(&bucket), Collected::default());
    let after = names(&bucket);
    assert!(
        before
            .iter()
            .all(|name| after.contains(name) || name.starts_with("owner/"))
    );
}

/// A large batch puts its chunks in a pack that only a record names, until a checkpoint does.
#[test]
fn a_pack_that_only_a_record_names_stays_also_after_a_takeover() {
    const LARGE: u64 = 200_000;
    let bucket = Bucket::new();
    let policy = rotortree_store::CheckpointPolicy::Manual;
    let open = || {
        let storage = storage(&bucket).take_over(true);
        let builder = Tree::on(Arc::new(storage)).checkpoint_policy(policy);
        builder.open(Blake3Hasher).unwrap()
    };
    let tree = open();
    append(&tree, 0, LARGE);
    let head = tree.head();
    assert!(count(&bucket, "pack/") > 0, "the batch is large enough");
    drop(tree);
    let next = open();
    append(&next, LARGE, 1);
    collect(&bucket);
    drop(next);
    let last = open();
    assert_eq!(last.size(), LARGE + 1);
    assert_eq!(last.snapshot().snapshot_at(LARGE).unwrap().head(), head);
}

/// An owner that fails and goes on for months leaves no packs behind, and neither does one that was
/// stalled and lost its place meanwhile.
#[test]
fn packs_that_a_writer_gave_up_are_collected_by_its_own_handle_alone() {
    const SHARD: Shard = Shard {
        stream: Stream::Chunks,
        level: 0,
        index: 0,
    };
    let more_than_a_pack = vec![7; 65 << 20];
    let bucket = Bucket::new();
    let owner = Arc::new(storage(&bucket));
    let tree = Tree::on(owner.clone()).open(Blake3Hasher).unwrap();
    append(&tree, 0, 300);
    tree.checkpoint().unwrap();
    let named = count(&bucket, "pack/");
    let start = || {
        let mut units = owner.start_units(&[]).unwrap();
        units.put(SHARD, 0, &more_than_a_pack).unwrap();
        units
    };
    drop(start());
    let goes_on = start();
    // The packs that were sent are there once a request behind them is answered.
    let finished = start().finish().unwrap();
    let there = count(&bucket, "pack/");
    assert_eq!(there, named + 4, "one, one, and two");
    collect(&bucket);
    assert_eq!(count(&bucket, "pack/"), there, "another handle cannot tell");
    assert_eq!(owner.collect_orphans().unwrap().packs, 1);
    assert_eq!(count(&bucket, "pack/"), there - 1);
    let goes_on = goes_on.finish().unwrap();
    for locator in [finished, goes_on] {
        let mut read = vec![0; more_than_a_pack.len()];
        owner.read_units(&locator, SHARD, 0, &mut read).unwrap();
        assert!(read == more_than_a_pack);
    }

    drop(start());
    let next = bucket.open_on(storage(&bucket).take_over(true)).unwrap();
    append(&next, 300, 300);
    next.checkpoint().unwrap();
    let head = next.head();
    tree.insert_many(&crate::place::leaves(77, 1))
        .and_then(|(_, token)| Ok(token.wait()?))
        .expect_err("it lost its place");
    let before = names(&bucket);
    let done = owner.collect_orphans().unwrap();
    assert!(done.packs > 0, "{done:?}");
    let gone = before.difference(&names(&bucket)).count();
    assert!(gone > 0, "{before:?}");
    next.close().unwrap();
    let last = bucket.open().unwrap();
    assert_eq!(last.head(), head);
    last.verify().unwrap();
}

#[test]
fn a_fence_is_never_collected() {
    let bucket = Bucket::new();
    let old = bucket.open_on(storage(&bucket)).unwrap();
    append(&old, 0, 9);
    for round in 0..3 {
        let next = bucket.open_on(storage(&bucket).take_over(true)).unwrap();
        append(&next, 9 + round * 300, 300);
        next.checkpoint().unwrap();
        next.close().unwrap();
    }
    collect(&bucket);
    let (_, token) = old.insert_many(&crate::place::leaves(77, 1)).unwrap();
    token.wait().expect_err("its next name has a fence");
    assert_eq!(bucket.replica().unwrap().size(), 909);
}

/// SlateDB's issue 1622: the name of a stalled owner's next manifest was another's, and is free
/// again.
#[test]
fn a_manifest_below_the_floor_counts_for_nothing() {
    let store = Arc::new(InMemory::new());
    let bucket = Bucket(store);
    let stalled = storage(&bucket);
    let tree = bucket.open_on(storage(&bucket)).unwrap();
    append(&tree, 0, 9);
    tree.close().unwrap();
    let _owner = stalled.acquire().unwrap();
    let manifest = stalled.load_manifest().unwrap().unwrap();
    let generation = Manifest::decode("manifest", &manifest).unwrap().generation;

    let next = bucket.open_on(storage(&bucket).take_over(true)).unwrap();
    for round in 0..5 {
        append(&next, 9 + round * 300, 300);
        next.checkpoint().unwrap();
    }
    collect(&bucket);
    let late = stalled.commit_manifest(generation + 1, &manifest);
    assert!(matches!(late, Err(WriteError::Fenced(_))), "{late:?}");
    assert_eq!(bucket.replica().unwrap().size(), 1509);
    next.close().unwrap();
    assert_eq!(bucket.open().unwrap().size(), 1509);
}
