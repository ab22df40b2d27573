//! A log in a store that runs. `cargo xtask bucket` starts one, and runs this test in a build of
//! the whole workspace, where `object_store` has the client of S3.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{env, sync::Arc};

use object_store::{Attribute, ObjectStore, ObjectStoreExt as _, parse_url_opts, path::Path};
use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
use rotortree_lean_imt::LeanIMT;
use rotortree_tiles::{
    Client, GUARD_PATH, HttpHeaders, KeyKind, Log, ObjectTarget, PublishError, Publisher,
    SecretKey, Target,
};
use url::Url;

const ORIGIN: &str = "example.com/log";

fn key() -> SecretKey {
    SecretKey::from_seed(ORIGIN, KeyKind::Note, &[7; 32]).unwrap()
}

fn entry(seed: u8, index: u64) -> Vec<u8> {
    format!("{seed} {index}").into()
}

/// The tree of the first `size` entries.
fn tree(seed: u8, size: u64) -> LeanIMT<Rfc6962Hasher, 2, 64> {
    let leaves: Vec<_> = (0..size).map(|at| rfc6962_leaf(&entry(seed, at))).collect();
    let mut tree = LeanIMT::new(Rfc6962Hasher);
    tree.insert_many(&leaves).unwrap();
    tree
}

/// A client of the store, and its path there. Its connections end with the runtime of its target.
fn store() -> (Arc<dyn ObjectStore>, Path) {
    let url = env::var("ROTORTREE_BUCKET").expect("`cargo xtask bucket` runs this test");
    let (store, below) = parse_url_opts(&Url::parse(&url).unwrap(), env::vars()).unwrap();
    (Arc::from(store), below)
}

/// A prefix that no other run has.
fn prefix() -> String {
    let mut drawn = [0; 8];
    getrandom::fill(&mut drawn).unwrap();
    let drawn = u64::from_le_bytes(drawn);
    store().1.join(format!("log-{drawn:016x}")).to_string()
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_log_is_published_and_followed_and_a_rival_is_refused() {
    let prefix = prefix();
    let target = || ObjectTarget::new(store().0, prefix.as_str()).unwrap();
    let publish = |target, seed, size| {
        let publisher = Publisher::new(target, ORIGIN, key());
        let snapshot = tree(seed, size).snapshot();
        publisher.publish(&snapshot, |index| Ok(entry(seed, index)))
    };
    let mut client = Client::new(target(), Log::new(ORIGIN, key().public().clone()));
    for size in [1, 300, 300, 600] {
        publish(target(), 0, size).unwrap();
        let head = client.follow().unwrap();
        assert_eq!(Some(head), tree(0, size).head());
        assert_eq!(client.entry(size - 1).unwrap(), entry(0, size - 1));
        let proof = client.prove(size / 2).unwrap();
        proof.verify_against(&Rfc6962Hasher, head).unwrap();
    }
    assert_eq!(target().get("tile/0/000.p/1").unwrap(), None, "collected");

    // A tree with the same size and other entries.
    let forked = publish(target(), 1, 600).unwrap_err();
    assert!(matches!(forked, PublishError::Forked { .. }), "{forked}");
    let guard = target().get(GUARD_PATH).unwrap();
    let [first, second] = [target(), target()];
    assert!(
        first
            .exchange(GUARD_PATH, guard.as_deref(), b"first")
            .unwrap()
    );
    assert!(
        !second
            .exchange(GUARD_PATH, guard.as_deref(), b"second")
            .unwrap()
    );
    assert!(!second.exchange(GUARD_PATH, None, b"second").unwrap());
    assert_eq!(
        second.get(GUARD_PATH).unwrap().as_deref(),
        Some(&b"first"[..])
    );

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for path in ["tile/0/000", "checkpoint"] {
        let full = Path::from(format!("{prefix}/{path}"));
        let found = runtime
            .block_on(async { store().0.get(&full).await })
            .unwrap();
        let header = |name| found.attributes.get(&name).map(|value| value.to_string());
        let expected = HttpHeaders::of(path).unwrap();
        assert_eq!(
            header(Attribute::ContentType).as_deref(),
            Some(expected.content_type)
        );
        assert_eq!(
            header(Attribute::CacheControl).as_deref(),
            Some(expected.cache_control)
        );
    }
}
