//! [`append`]: a batch into a tree, hashed on the calling thread or, under `parallel`, on a pool of
//! this crate's own.
//!
//! Never on rayon's global pool. A rayon worker that waits runs other closures, and one of those
//! could want a lock that this thread holds. A forked child has its parent's pool without the
//! threads, and may not be able to start threads: there the calling thread hashes alone.

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, TreeError, is_slow};

/// Appends leaves, hashed on the calling thread.
pub(crate) fn append_alone<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    tree: &mut LeanIMT<H, N, MAX_DEPTH>,
    leaves: &[Hash],
) -> Result<(), TreeError> {
    tree.insert_many_sequential(leaves).map(drop)
}

/// Appends leaves. Waits for nothing but hashing, and runs nothing else meanwhile: locks may
/// be held.
#[cfg(not(feature = "parallel"))]
pub(crate) use append_alone as append;

/// Whether a batch of so many leaves is hashed on the pool. Handing over takes some 0.1 ms, which
/// fewer leaves do not outweigh.
pub(crate) fn uses_pool<H: Hasher>(leaves: usize) -> bool {
    let worthwhile = if is_slow::<H>() { 1 << 8 } else { 1 << 14 };
    cfg!(feature = "parallel") && leaves >= worthwhile
}

#[cfg(feature = "parallel")]
thread_local! {
    static IS_POOL_THREAD: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whether this thread belongs to the pool.
#[cfg(feature = "parallel")]
pub(crate) fn is_pool_thread() -> bool {
    IS_POOL_THREAD.get()
}

/// Whether this thread belongs to the pool: there is none.
#[cfg(not(feature = "parallel"))]
pub(crate) fn is_pool_thread() -> bool {
    false
}

/// The pool, if the system has threads for it. One that it had none for is tried again by
/// the next batch.
#[cfg(feature = "parallel")]
fn pool() -> Option<&'static rayon::ThreadPool> {
    use std::sync::OnceLock;
    static POOL: OnceLock<rayon::ThreadPool> = OnceLock::new();
    if let Some(pool) = POOL.get() {
        return Some(pool);
    }
    let built = rayon::ThreadPoolBuilder::new()
        .thread_name(|k| format!("rotortree-hash-{k}"))
        .start_handler(|_| IS_POOL_THREAD.set(true))
        .build()
        .ok()?;
    // Of two pools built at once one is kept.
    Some(POOL.get_or_init(|| built))
}

/// Appends leaves. Waits for nothing but hashing, and runs nothing else meanwhile: locks may be
/// held. So a thread of our own waits in the pool, and this one blocks. Where there is no thread
/// for that, and on a thread of the pool, whose own hasher inserts into another tree, this one
/// hashes alone.
#[cfg(feature = "parallel")]
pub(crate) fn append<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    tree: &mut LeanIMT<H, N, MAX_DEPTH>,
    leaves: &[Hash],
) -> Result<(), TreeError> {
    use std::{
        panic::resume_unwind,
        thread::{Builder, ScopedJoinHandle, scope},
    };

    use crate::fork::is_child;
    if !uses_pool::<H>(leaves.len()) || is_child() || is_pool_thread() {
        return append_alone(tree, leaves);
    }
    let Some(pool) = pool() else {
        return append_alone(tree, leaves);
    };
    let mut appended = None;
    let joined = scope(|scope| {
        let hash = || appended = Some(pool.install(|| tree.insert_many(leaves).map(drop)));
        let waiting = Builder::new().spawn_scoped(scope, hash);
        waiting.map(ScopedJoinHandle::join)
    });
    if let Ok(Err(panic)) = joined {
        resume_unwind(panic);
    }
    appended.unwrap_or_else(|| append_alone(tree, leaves))
}
