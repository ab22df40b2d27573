//! [`append`]: a batch into a tree, hashed on the calling thread or, under `parallel`, on a pool of this crate's own.
//!
//! Never on rayon's global pool. A rayon worker that waits runs other closures, and one of those could want a lock that this thread
//! holds. And a forked child has any pool of its parent's without its threads, for good, and may not be able to start any:
//! there the calling thread hashes alone.

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, TreeError};

/// Appends leaves, hashed on the calling thread.
pub(crate) fn append_alone<H: Hasher, const N: usize, const D: usize>(
    tree: &mut LeanIMT<H, N, D>,
    leaves: &[Hash],
) -> Result<(), TreeError> {
    tree.insert_many_sequential(leaves).map(drop)
}

/// Appends leaves. Waits for nothing but hashing, and runs nothing else meanwhile: locks may be held.
#[cfg(not(feature = "parallel"))]
pub(crate) use append_alone as append;

/// Appends leaves. Waits for nothing but hashing, and runs nothing else meanwhile: locks may be held. So a thread of our own waits in
/// the pool, and this one blocks.
#[cfg(feature = "parallel")]
pub(crate) fn append<H: Hasher, const N: usize, const D: usize>(
    tree: &mut LeanIMT<H, N, D>,
    leaves: &[Hash],
) -> Result<(), TreeError> {
    use std::sync::OnceLock;

    use crate::fork::is_child;
    /// Below this, handing over costs more than it gains.
    const WORTHWHILE: usize = 1 << 14;
    static POOL: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    if leaves.len() < WORTHWHILE || is_child() {
        return append_alone(tree, leaves);
    }
    let pool = POOL.get_or_init(|| {
        rayon::ThreadPoolBuilder::new()
            .thread_name(|k| format!("rotortree-hash-{k}"))
            .build()
            .ok()
    });
    match pool {
        None => append_alone(tree, leaves),
        Some(pool) => {
            let joined = std::thread::scope(|scope| {
                scope
                    .spawn(|| pool.install(|| tree.insert_many(leaves).map(drop)))
                    .join()
            });
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }
    }
}
