//! The bucket that the environment names, and fresh prefixes in it.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use object_store::{ObjectStore, RetryConfig, aws::AmazonS3Builder, parse_url_opts, path::Path};
use url::Url;

/// The store, and the path that the URL of the bucket has in it.
pub(crate) fn store() -> (Arc<dyn ObjectStore>, Path) {
    let url = env::var("ROTORTREE_BUCKET").expect("`cargo xtask bucket` runs this test");
    let (store, path) = parse_url_opts(&Url::parse(&url).unwrap(), env::vars()).unwrap();
    (Arc::from(store), path)
}

/// The ways to the store.
pub(crate) fn gateways() -> Vec<String> {
    let gateways = env::var("ROTORTREE_GATEWAYS").expect("`cargo xtask bucket` runs this test");
    gateways.split(' ').map(str::to_owned).collect()
}

/// How the store is asked, without repetitions of the client's own.
pub(crate) fn s3() -> AmazonS3Builder {
    let retry = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    let bucket = env::var("ROTORTREE_BUCKET").unwrap();
    AmazonS3Builder::from_env()
        .with_bucket_name(bucket.strip_prefix("s3://").unwrap())
        .with_retry(retry)
}

/// The store by one of the ways.
#[cfg(unix)]
pub(crate) fn gateway(number: usize) -> Arc<dyn ObjectStore> {
    let gateways = gateways();
    let endpoint = gateways[number % gateways.len()].clone();
    Arc::new(s3().with_endpoint(endpoint).build().unwrap())
}

/// A number that no other call has, in this run or an earlier one.
pub(crate) fn fresh_number() -> u64 {
    getrandom::u64().unwrap()
}

/// A path that no other test has, in this run or an earlier one.
pub(crate) fn fresh(below: &Path) -> Path {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let run = std::process::id();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let drawn = fresh_number();
    below.clone().join(format!("{run}-{number}-{drawn:016x}"))
}
