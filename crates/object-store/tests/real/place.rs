//! The bucket that the environment names, and fresh prefixes in it.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use object_store::{ObjectStore, parse_url_opts, path::Path};
use url::Url;

/// The store, and the path that the URL of the bucket has in it.
pub(crate) fn store() -> (Arc<dyn ObjectStore>, Path) {
    let url = env::var("ROTORTREE_BUCKET").expect("`cargo xtask bucket` runs this test");
    let (store, path) = parse_url_opts(&Url::parse(&url).unwrap(), env::vars()).unwrap();
    (Arc::from(store), path)
}

/// A path that no other test has, in this run or an earlier one.
pub(crate) fn fresh(below: &Path) -> Path {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let run = std::process::id();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let drawn = getrandom::u64().unwrap();
    below.clone().join(format!("{run}-{number}-{drawn:016x}"))
}
