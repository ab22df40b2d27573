//! A store that refuses: the error names object and remedy, nothing is lost, and the same writer
//! goes on once the cause is gone.

use std::{sync::Arc, time::Duration};

use object_store::{ObjectStore, aws::AmazonS3Builder};
use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{RotorTreeError, StorageError, test_util::watchdog::limit_this_process};

use crate::{
    backend::tree,
    front::Front,
    observed::Tree,
    place::{fresh, gateways, s3, store},
};

/// Status and code of S3, and words of the remedy.
const REFUSALS: [(u16, &str, &str); 8] = [
    (403, "AccessDenied", "give the credentials the right to it"),
    (400, "ExpiredToken", "credentials that are valid now"),
    (403, "InvalidAccessKeyId", "credentials that are valid now"),
    (403, "RequestTimeTooSkewed", "set this machine's clock"),
    (
        400,
        "AuthorizationHeaderMalformed",
        "the bucket's own region",
    ),
    (301, "PermanentRedirect", "the bucket's own region"),
    (404, "NoSuchBucket", "create the bucket"),
    (400, "InvalidRequest", "AWS_CHECKSUM_ALGORITHM"),
];

fn storage(store: AmazonS3Builder, path: &str) -> ObjectStorage {
    let store: Arc<dyn ObjectStore> = Arc::new(store.build().unwrap());
    // No sign of life is under way while the store changes its mind.
    ObjectStorage::new(store, path).heartbeat(Duration::from_secs(3600))
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_writer_that_the_store_refuses_for_a_while_goes_on_with_all_that_it_has() {
    limit_this_process();
    let front = Front::to(&gateways()[0]);
    let (_, below) = store();
    let path = fresh(&below);
    let place = || storage(s3().with_endpoint(front.endpoint()), path.as_ref());
    let tree = tree(place()).unwrap();
    tree.insert_durable([0; 32]).unwrap();
    for (number, (status, code, remedy)) in (1_u8..).zip(REFUSALS) {
        front.refuse(status, code);
        let error = tree.insert_durable([number; 32]).unwrap_err();
        assert!(
            matches!(error, RotorTreeError::Storage(StorageError::Unavailable(_))),
            "{code}: {error:?}"
        );
        let text = error.to_string();
        for words in [path.as_ref(), "log/", remedy] {
            assert!(text.contains(words), "{code}: {text}");
        }
        let replica = Tree::on(Arc::new(place())).open_read_only(Blake3Hasher);
        let text = replica.map(drop).unwrap_err().to_string();
        assert!(text.contains(remedy), "{code}, a replica: {text}");
        front.pass();
        tree.flush().unwrap();
    }
    let head = tree.head().unwrap();
    assert_eq!(head.size, 1 + REFUSALS.len() as u64);
    tree.close().unwrap();
    let again = crate::backend::tree(place()).unwrap();
    assert_eq!(again.head(), Some(head));
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_key_without_a_right_is_told_which_one_and_for_what() {
    limit_this_process();
    let (_, below) = store();
    let path = fresh(&below);
    let writer = tree(storage(s3(), path.as_ref())).unwrap();
    writer.insert_durable([1; 32]).unwrap();
    let keys = std::env::var("ROTORTREE_KEYS").unwrap();
    let place = |name: &str| {
        let of = |key: &&str| key.starts_with(&format!("{name}:"));
        let (id, secret) = keys.split(' ').find(of).unwrap().split_once(':').unwrap();
        let store = s3().with_access_key_id(id).with_secret_access_key(secret);
        storage(store, path.as_ref())
    };
    let told = |error: String, words: [&str; 2]| {
        for words in words.iter().chain([&path.as_ref(), &"the right to it"]) {
            assert!(error.contains(words), "{words}: {error}");
        }
    };
    let opens = |name| {
        tree(place(name).take_over(true))
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    told(opens("reader"), ["cannot create the object", "probe/"]);
    told(opens("blind"), ["cannot read the object", "manifest"]);
    told(
        opens("unlisted"),
        ["cannot list the objects of", "manifest"],
    );

    let reads = |name| Tree::on(Arc::new(place(name))).open_read_only(Blake3Hasher);
    let replica = reads("reader").unwrap();
    assert_eq!(replica.head(), writer.head());
    told(
        reads("blind").map(drop).unwrap_err().to_string(),
        ["cannot read the object", "manifest"],
    );
    told(
        reads("unlisted").map(drop).unwrap_err().to_string(),
        ["cannot list the objects of", "manifest"],
    );
    let collected = place("reader").collect_orphans().unwrap_err().to_string();
    told(collected, ["cannot create the object", "probe/"]);
    // Nothing of it is in the owner's way.
    writer.insert_durable([2; 32]).unwrap();
    replica.refresh().unwrap();
    assert_eq!(replica.head(), writer.head());
    writer.close().unwrap();
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_key_that_is_not_valid_and_a_bucket_that_is_not_there_are_told() {
    limit_this_process();
    let (_, below) = store();
    let path = fresh(&below);
    let nowhere = storage(s3().with_bucket_name("no-such-bucket"), path.as_ref());
    let error = Tree::on(Arc::new(nowhere)).open_read_only(Blake3Hasher);
    let text = error.map(drop).unwrap_err().to_string();
    assert!(text.contains("create the bucket"), "{text}");
}
