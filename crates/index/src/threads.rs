//! Work that several threads share.

use std::{
    num::NonZero,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

/// Leaves from which on a second thread helps.
const LARGE: u64 = 1 << 14;

/// The number of threads for a batch. More than four help little: they wait for the same memory.
pub(crate) fn threads(leaves: u64) -> usize {
    if leaves < LARGE {
        return 1;
    }
    // The system reads several files to tell it.
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| {
        thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(4)
    })
}

/// Locks, whatever happened to an earlier holder: no value here is left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on each share, on the calling thread and on others, as far as the system has them.
/// The outcomes, in the order of the shares.
pub(crate) fn in_parallel<T, R: Send>(
    threads: usize,
    shares: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let shares = Mutex::new(shares.enumerate());
    let outcomes = Mutex::new(Vec::new());
    let next = || lock(&shares).next();
    let run = || {
        while let Some((number, share)) = next() {
            let outcome = work(share);
            lock(&outcomes).push((number, outcome));
        }
    };
    thread::scope(|scope| {
        let mut others = (1..threads).map(|_| thread::Builder::new().spawn_scoped(scope, run));
        // Without a thread this one does all the work.
        while others.next().is_some_and(|other| other.is_ok()) {}
        run();
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|&(number, _)| number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_is_worked_on_once_and_the_outcomes_keep_their_order() {
        for threads in [1, 2, 5] {
            for shares in [0, 1, 2, 100] {
                let outcomes = in_parallel(threads, 0..shares, |share| share * 2);
                assert!(outcomes.into_iter().eq((0..shares).map(|share| share * 2)));
            }
        }
    }
}
