//! What many of these tests start from.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rotortree::{Blake3Hasher, RotorTreeConfig};
use rotortree_store::test_util::watchdog::limit_this_process;

pub(crate) use crate::common::{PATIENCE, Tree, leaf, leaves, storage_error};

/// A tree that does nothing by itself, in a test program that does not run forever.
pub(crate) fn quiet(path: &Path) -> RotorTreeConfig {
    limit_this_process();
    crate::common::quiet(path)
}

pub(crate) fn open<const N: usize>(path: &Path) -> Tree<N> {
    Tree::open(Blake3Hasher, quiet(path)).unwrap()
}

/// Looks until `reached`, and fails if that takes longer than anyone would wait.
pub(crate) fn eventually(what: &str, mut reached: impl FnMut() -> bool) {
    let started = Instant::now();
    while !reached() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
