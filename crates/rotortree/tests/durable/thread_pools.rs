//! Inserting from inside the caller's rayon pool. A worker that waits runs other closures, which may want the same tree.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
};

use rayon::prelude::*;

use crate::support::{PATIENCE, leaf, leaves, open};

/// Large enough to be hashed on several threads where the crate does so.
const LARGE: u64 = 40_000;

#[test]
fn inserting_large_batches_from_inside_par_iter_ends() {
    ends(insert_from_inside);
}

/// Fails instead of hanging.
pub(crate) fn ends(work: impl FnOnce() + Send + 'static) {
    let (sender, done) = mpsc::channel();
    thread::spawn(move || {
        work();
        sender.send(()).unwrap();
    });
    match done.recv_timeout(PATIENCE) {
        Ok(()) => {}
        Err(RecvTimeoutError::Disconnected) => panic!("the work failed"),
        Err(RecvTimeoutError::Timeout) => panic!("the work does not end"),
    }
}

fn insert_from_inside() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(dir.path());
    let batch = leaves(0..LARGE);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(4)
        .build()
        .unwrap();
    pool.install(|| {
        (0..32u64).into_par_iter().for_each(|k| match k % 4 {
            0 => drop(tree.insert_many(&batch).unwrap()),
            1 => drop(tree.insert_durable(leaf(k)).unwrap()),
            2 => {
                tree.insert(leaf(k)).unwrap().1.wait().unwrap();
                tree.checkpoint().unwrap();
            }
            _ => (0..100u64)
                .into_par_iter()
                .for_each(|k| drop(tree.insert(leaf(k)).unwrap())),
        });
    });
    let head = tree.head().unwrap();
    assert_eq!(head.size, 8 * (LARGE + 1 + 1 + 100));
    tree.verify().unwrap();
    tree.close().unwrap();
    assert_eq!(open::<4>(dir.path()).head(), Some(head));
}
