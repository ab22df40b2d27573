//! Work in shares that the calling thread and rayon's threads take as they come.

use core::{
    hint::spin_loop,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The turns for which the caller looks whether the others are done before it sleeps: some
/// microseconds, a share or two. Sleeping and waking take longer than the end of a share.
const LOOKS: usize = 512;

/// Calls `work` with each number below `count`, on the calling thread and on rayon's.
///
/// The caller begins at once, and waits for shares alone that another thread has begun: a thread
/// of rayon's that sleeps takes as long to wake as many shares take. So does the caller, which
/// therefore looks for a while before it sleeps.
pub(crate) fn for_each(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let take_all = || {
        loop {
            let share = next.fetch_add(1, Relaxed);
            if share >= count {
                return;
            }
            work(share);
        }
    };
    let others = rayon::current_num_threads().min(count).saturating_sub(1);
    let at_work = AtomicUsize::new(others);
    rayon::in_place_scope(|scope| {
        for _ in 0..others {
            scope.spawn(|_| {
                take_all();
                // Nothing is read behind it: the scope alone says that the shares are done.
                at_work.fetch_sub(1, Relaxed);
            });
        }
        take_all();
        for _ in 0..LOOKS {
            if at_work.load(Relaxed) == 0 {
                break;
            }
            spin_loop();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::{panic, sync::Mutex, vec::Vec};

    #[test]
    fn each_share_is_taken_once() {
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            for count in [0, 1, 2, 3, 100] {
                let taken = Mutex::new(Vec::new());
                let take = |share| taken.lock().unwrap().push(share);
                super::for_each(count, take);
                pool.install(|| super::for_each(count, take));
                let mut taken = taken.into_inner().unwrap();
                taken.sort_unstable();
                let twice: Vec<_> = (0..count).flat_map(|share| [share, share]).collect();
                assert_eq!(taken, twice, "{threads} threads");
            }
        }
    }

    #[test]
    fn a_panic_in_a_share_reaches_the_caller() {
        for bad in [0, 7, 99] {
            let result = panic::catch_unwind(|| {
                super::for_each(100, |share| assert_ne!(share, bad));
            });
            assert!(result.is_err());
        }
    }
}
