//! [`Monitor`]: a lock with its condition variable, and [`Rank`]: the one order of all locks of a
//! tree.
//!
//! With debug assertions, each thread records its locks. Taking a lock against the order panics,
//! and so does waiting with a second lock held. Release builds record nothing.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

pub(super) use self::held::{Foreign, Held, check_none_held};
use crate::sync::{Condvar, Mutex, MutexGuard, lock, try_lock};

/// The locks of one tree, in the order in which a thread may take them.
///
/// Only `Catalog` is held during I/O, and no insert takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The owner of the place, and the thread that closes.
    Tenure,
    /// The right to commit the next manifest.
    Catalog,
    /// The tree and the records that no leader has taken.
    Writer,
    /// The durable sequence, its waiters, and the log while no thread leads.
    GroupCommit,
    /// The one running checkpoint, and the segments that wait for their removal.
    Checkpoints,
    /// The time at which a failed checkpoint is tried again.
    Retry,
    /// Threads that wait for a size.
    Size,
    /// The ring of recent heads.
    Heads,
    /// Figures for the statistics.
    Figures,
}

/// A value behind a lock, and the threads that wait for its changes.
pub(super) struct Monitor<T> {
    rank: Rank,
    value: Mutex<T>,
    changed: Condvar,
}

/// Wakes one thread that waits for a change of a [`Monitor`].
#[derive(Clone)]
pub(super) struct Bell(Arc<Condvar>);

impl Bell {
    pub(super) fn new() -> Self {
        Self(Arc::new(Condvar::new()))
    }

    /// Called after a change that this thread made with the lock held.
    pub(super) fn ring(&self) {
        self.0.notify_one();
    }
}

/// Gives access to the value of a [`Monitor`]. Unlocks before its rank is released.
pub(super) struct Guard<'a, T> {
    value: MutexGuard<'a, T>,
    held: Held,
}

impl<T> Monitor<T> {
    pub(super) fn new(rank: Rank, value: T) -> Self {
        Self {
            rank,
            value: Mutex::new(value),
            changed: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> Guard<'_, T> {
        let held = Held::in_order(self.rank);
        let value = lock(&self.value);
        Guard { value, held }
    }

    /// Locks if the lock is free. Never waits, so the order does not matter.
    pub(super) fn try_lock(&self) -> Option<Guard<'_, T>> {
        let value = try_lock(&self.value)?;
        let held = Held::in_any_order(self.rank);
        Some(Guard { value, held })
    }

    /// Waits until `check` returns an outcome. A thread that changes anything else that `check`
    /// reads calls [`wake`](Self::wake) afterwards.
    pub(super) fn wait<R>(&self, mut check: impl FnMut(&mut T) -> Option<R>) -> R {
        let mut guard = self.lock();
        loop {
            if let Some(outcome) = check(&mut guard) {
                return outcome;
            }
            guard.held.check_alone();
            let waited = self.changed.wait(guard.value);
            guard.value = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`wait`](Self::wait); `None` once the time is up.
    pub(super) fn wait_timeout<R>(
        &self,
        timeout: Duration,
        mut check: impl FnMut(&mut T) -> Option<R>,
    ) -> Option<R> {
        let deadline = Instant::now().checked_add(timeout);
        let mut guard = self.lock();
        loop {
            if let Some(outcome) = check(&mut guard) {
                return Some(outcome);
            }
            // A time that no clock reaches never comes.
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return None;
            }
            guard.held.check_alone();
            let waited = self.changed.wait_timeout(guard.value, left);
            guard.value = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until `check` returns an outcome. Asks again whenever `bell` rings, and at no other
    /// change.
    pub(super) fn wait_for_bell<R>(
        &self,
        bell: &Bell,
        mut check: impl FnMut(&mut T) -> Option<R>,
    ) -> R {
        let mut guard = self.lock();
        loop {
            if let Some(outcome) = check(&mut guard) {
                return outcome;
            }
            guard.held.check_alone();
            let waited = bell.0.wait(guard.value);
            guard.value = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes the waiting threads look again, after a change that this thread made with the lock
    /// held. Those that wait for a bell do not.
    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Makes the waiting threads look again, after a change outside of the value. Taking the lock
    /// once ensures that a thread that looked before the change is waiting by now.
    pub(super) fn wake(&self) {
        drop(self.lock());
        self.notify();
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// The locks that a thread holds, checked against the order.
#[cfg(debug_assertions)]
mod held {
    use std::{cell::RefCell, marker::PhantomData, mem};

    use super::Rank;
    use crate::sync::per_thread;

    per_thread!(static HELD: RefCell<Vec<Rank>> = RefCell::new(Vec::new()));

    /// Records that this thread holds the lock of a rank, until it is dropped.
    pub(in crate::engine) struct Held(Rank, PhantomData<*const ()>);

    /// Runs `work` on the ranks that the thread holds. A thread that ends records nothing.
    fn with_ranks<R>(work: impl FnOnce(&mut Vec<Rank>) -> R) -> Option<R> {
        HELD.try_with(|held| work(&mut held.borrow_mut())).ok()
    }

    /// Panics if the thread holds a lock: the next step may take any.
    pub(in crate::engine) fn check_none_held() {
        if let Some(held) = with_ranks(|ranks| ranks.first().copied()).flatten() {
            panic!("lock order: {held:?} is held where no lock may be");
        }
    }

    impl Held {
        /// Panics if the thread holds this lock or a later one.
        pub(in crate::engine) fn in_order(rank: Rank) -> Self {
            let last = with_ranks(|ranks| ranks.iter().max().copied()).flatten();
            if let Some(last) = last.filter(|&last| last >= rank) {
                panic!("lock order: {rank:?} is taken while {last:?} is held");
            }
            Self::in_any_order(rank)
        }

        pub(in crate::engine) fn in_any_order(rank: Rank) -> Self {
            with_ranks(|ranks| ranks.push(rank));
            Self(rank, PhantomData)
        }

        /// Panics if the thread holds a second lock, which a waiting thread must not.
        pub(super) fn check_alone(&self) {
            let other = with_ranks(|ranks| ranks.iter().find(|&&rank| rank != self.0).copied());
            if let Some(other) = other.flatten() {
                panic!(
                    "lock order: a wait for {:?} while {other:?} is held",
                    self.0
                );
            }
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            with_ranks(|ranks| {
                if let Some(last) = ranks.iter().rposition(|&rank| rank == self.0) {
                    ranks.remove(last);
                }
            });
        }
    }

    /// Marks a call of foreign code with a lock held. The code may take locks of other trees, which
    /// have an order of their own.
    pub(in crate::engine) struct Foreign(Vec<Rank>);

    impl Foreign {
        pub(in crate::engine) fn begin() -> Self {
            Self(with_ranks(mem::take).unwrap_or_default())
        }
    }

    impl Drop for Foreign {
        fn drop(&mut self) {
            with_ranks(|ranks| *ranks = mem::take(&mut self.0));
        }
    }
}

/// Does nothing: debug assertions check the order.
#[cfg(not(debug_assertions))]
mod held {
    use super::Rank;

    pub(in crate::engine) fn check_none_held() {}

    pub(in crate::engine) struct Held;

    impl Held {
        pub(in crate::engine) fn in_order(_: Rank) -> Self {
            Self
        }

        pub(in crate::engine) fn in_any_order(_: Rank) -> Self {
            Self
        }

        pub(super) fn check_alone(&self) {}
    }

    pub(in crate::engine) struct Foreign;

    impl Foreign {
        pub(in crate::engine) fn begin() -> Self {
            Self
        }
    }
}

#[cfg(all(test, not(loom), debug_assertions))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// The message of the panic of `code`.
    fn panic_of(code: impl FnOnce()) -> String {
        let panic = catch_unwind(AssertUnwindSafe(code)).expect_err("it is against the order");
        *panic.downcast().expect("a message with names")
    }

    #[test]
    fn a_lock_that_is_taken_against_the_order_panics_with_both_names() {
        let writer = Monitor::new(Rank::Writer, ());
        let catalog = Monitor::new(Rank::Catalog, ());
        let in_order = catalog.lock();
        drop(writer.lock());
        drop(in_order);
        let held = writer.lock();
        assert_eq!(
            panic_of(|| drop(catalog.lock())),
            "lock order: Catalog is taken while Writer is held"
        );
        drop(held);
        drop(catalog.lock());
    }

    #[test]
    fn a_lock_that_the_thread_holds_already_panics_instead_of_waiting_for_itself() {
        let writer = Monitor::new(Rank::Writer, ());
        let held = writer.lock();
        assert_eq!(
            panic_of(|| drop(writer.lock())),
            "lock order: Writer is taken while Writer is held"
        );
        assert!(writer.try_lock().is_none());
        drop(held);
    }

    #[test]
    fn a_wait_with_another_lock_held_panics_with_both_names() {
        let catalog = Monitor::new(Rank::Catalog, ());
        let group = Monitor::new(Rank::GroupCommit, 0);
        let held = catalog.lock();
        assert_eq!(
            group.wait_timeout(Duration::ZERO, |_| Some(7)),
            Some(7),
            "an outcome that is there takes no wait"
        );
        assert_eq!(
            panic_of(|| group.wait(|_| None)),
            "lock order: a wait for GroupCommit while Catalog is held"
        );
        drop(held);
        assert_eq!(group.wait_timeout(Duration::ZERO, |_| None::<()>), None);
    }

    #[test]
    fn locks_of_another_tree_have_an_order_of_their_own_within_a_hasher() {
        let [one, other] = [(); 2].map(|()| Monitor::new(Rank::Writer, ()));
        let held = one.lock();
        let hashing = Foreign::begin();
        drop(other.lock());
        drop(hashing);
        assert_eq!(
            panic_of(|| drop(other.lock())),
            "lock order: Writer is taken while Writer is held"
        );
        drop(held);
    }

    #[test]
    fn guards_may_be_given_back_in_any_order() {
        let catalog = Monitor::new(Rank::Catalog, ());
        let writer = Monitor::new(Rank::Writer, ());
        let (first, second) = (catalog.lock(), writer.lock());
        drop(first);
        drop(second);
        drop((catalog.lock(), writer.lock()));
    }
}
