//! What opening reads and writes: neither packs, unless it is to verify them, nor the log again.

use std::{sync::Arc, time::Duration};

use object_store::memory::InMemory;
use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{CheckpointPolicy, RotorTreeBuilder, RotorTreeConfig, storage::Storage};

use crate::{
    objects::{objects, put},
    place::{Bucket, Tree, append},
};

fn counts<const N: usize>(storage: &dyn Storage, names: [&str; N]) -> [u64; N] {
    let mut found = [0; N];
    storage.counters(&mut |name, value| {
        if let Some(at) = names.iter().position(|wanted| *wanted == name) {
            found[at] = value;
        }
    });
    found
}

/// Changes a bit of each pack of a store.
fn damage_packs(store: &InMemory) -> usize {
    let packs = objects(store).into_iter();
    let packs = packs.filter(|(path, _)| path.as_ref().contains("/pack/"));
    let damaged = packs.map(|(path, mut bytes)| {
        bytes[1000] ^= 1;
        put(store, &path, &bytes);
    });
    damaged.count()
}

/// How a tree is opened, whether that verifies, and the builder of it.
type Way = (
    &'static str,
    bool,
    fn(Arc<ObjectStorage>) -> RotorTreeBuilder<Tree>,
);

/// Its chunks alone would be compared with their checksums when they are read.
#[test]
fn a_configuration_that_states_it_verifies_the_checkpoint_of_a_bucket() {
    let store = InMemory::new();
    let bucket = Bucket(Arc::new(store.clone()));
    let tree = bucket.open().unwrap();
    append(&tree, 0, 3000);
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    let ways: [Way; 4] = [
        ("by default", false, |storage| Tree::on(storage)),
        ("not", false, |storage| {
            let builder = Tree::builder(RotorTreeConfig::new("ignored")).storage(storage);
            builder.verify_checkpoint(false)
        }),
        ("by the builder", true, |storage| {
            Tree::on(storage).verify_checkpoint(true)
        }),
        ("by the configuration", true, |storage| {
            let config = RotorTreeConfig {
                verify_checkpoint: true,
                ..RotorTreeConfig::new("ignored")
            };
            Tree::builder(config).storage(storage)
        }),
    ];
    for is_damaged in [false, true] {
        if is_damaged {
            assert!(damage_packs(&store) >= 1);
        }
        for (way, verifies, builder) in ways {
            let opened = |reads_only: bool| {
                let storage = Arc::new(bucket.storage().take_over(true));
                let builder = builder(Arc::clone(&storage));
                let outcome = if reads_only {
                    let opened = builder.open_read_only(Blake3Hasher);
                    opened.map(|replica| replica.recovery_report().verified)
                } else {
                    let opened = builder.open(Blake3Hasher);
                    opened.map(|tree| tree.recovery_report().verified)
                };
                let [bytes] = counts(&*storage, ["bytes_received"]);
                (outcome, bytes)
            };
            for reads_only in [true, false] {
                let told = format!("{way}, for reading {reads_only}, damaged {is_damaged}");
                let (outcome, bytes) = opened(reads_only);
                match outcome {
                    Ok(verified) => {
                        assert!(!(verifies && is_damaged), "{told}");
                        assert_eq!(verified, verifies, "{told}");
                    }
                    Err(error) => {
                        assert!(verifies && is_damaged, "{told}: {error}");
                        assert!(error.to_string().contains("pack"), "{told}: {error}");
                    }
                }
                // The leaves are 96,000 bytes.
                let reads_packs = bytes > 50_000;
                assert_eq!(reads_packs, verifies, "{told}: {bytes} bytes");
            }
        }
    }
}

/// The owner died: its log stays where it is, however long it is.
#[test]
fn taking_over_sends_no_part_of_the_log_again() {
    let sent_behind = |groups: u64| {
        let store = InMemory::new();
        let bucket = Bucket(Arc::new(store.clone()));
        let open = |bucket: &Bucket| {
            // No sign of life is among what is counted, however long it takes.
            let storage = bucket.storage().heartbeat(Duration::from_secs(3600));
            let storage = Arc::new(storage.take_over(true));
            let builder = Tree::on(Arc::clone(&storage) as _);
            let builder = builder.checkpoint_policy(CheckpointPolicy::Manual);
            (builder.open(Blake3Hasher).unwrap(), storage)
        };
        let (tree, _) = open(&bucket);
        append(&tree, 0, 300);
        tree.checkpoint().unwrap();
        for group in 0..groups {
            append(&tree, 300 + group * 100, 100);
        }
        let head = tree.head();
        let copy = Bucket(Arc::new(store.fork()));
        let (next, storage) = open(&copy);
        assert_eq!(next.head(), head);
        counts(&*storage, ["puts", "bytes_sent"])
    };
    let [puts, bytes] = sent_behind(1);
    assert!(puts < 12 && bytes < 10_000, "{puts} PUTs of {bytes} bytes");
    // 640 kB of leaves: each a group of its own.
    let [puts_later, bytes_later] = sent_behind(200);
    assert_eq!(puts_later, puts);
    assert!(
        bytes_later < bytes + 100,
        "{bytes}, then {bytes_later} bytes"
    );
}
