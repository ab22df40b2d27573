//! Callers of every kind: within a runtime, on its only thread, in a thread pool, in a destructor.

use rotortree_hasher::Blake3Hasher;
use tokio::runtime::Builder;

use crate::place::{Bucket, Tree, append, leaves};

/// Opens, writes, checkpoints, reads, drops and opens again.
fn use_a_tree() {
    let bucket = Bucket::new();
    let tree = bucket.open().unwrap();
    append(&tree, 0, 300);
    tree.checkpoint().unwrap();
    append(&tree, 300, 5);
    let replica = bucket.replica().unwrap();
    let head = replica.head().unwrap();
    let proof = replica.snapshot().generate_proof(17).unwrap();
    proof.verify_against(&Blake3Hasher, head).unwrap();
    drop(tree);
    let again = bucket.open().unwrap();
    assert_eq!(again.head(), Some(head));
    again.insert_many(&leaves(305, 4)).unwrap();
    again.close().unwrap();
    assert!(replica.refresh().unwrap());
}

#[test]
fn a_worker_of_a_runtime_may_call() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::spawn(async { use_a_tree() }).await.unwrap();
        use_a_tree();
    });
}

#[test]
fn the_only_thread_of_a_runtime_may_call() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { use_a_tree() });
}

#[test]
fn the_threads_of_a_pool_may_call() {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    pool.install(|| rayon::join(use_a_tree, use_a_tree));
}

/// A tree that goes with what holds it, unclosed: by then a runtime may be the caller.
struct Holder(Option<Tree>);

impl Drop for Holder {
    fn drop(&mut self) {
        let tree = self.0.take().unwrap();
        tree.insert_many(&leaves(10, 3)).unwrap();
        tree.flush().unwrap();
    }
}

#[test]
fn a_destructor_may_call() {
    let bucket = Bucket::new();
    let tree = bucket.open().unwrap();
    append(&tree, 0, 10);
    let holder = Holder(Some(tree));
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move { drop(holder) });
    assert_eq!(bucket.open().unwrap().size(), 13);
}
