//! What many of these tests start from.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rotortree::Blake3Hasher;

pub(crate) use crate::common::{PATIENCE, Tree, leaf, leaves, quiet, storage_error};

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
