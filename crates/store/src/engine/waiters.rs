//! [`Waiters`]: the futures and threads that wait for a sequence, in the order of their sequences.
//!
//! Registering, replacing or forgetting one of n takes O(log n). A sync takes out those that it
//! serves and looks at no other. No code of a waker runs here: wakers are cloned before the lock
//! that guards this, and woken or dropped after it.

use std::{collections::BTreeMap, mem, task::Waker};

use super::locks::Bell;

/// The slot of a future for its life, or of a thread while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    sequence: u64,
    number: u64,
}

/// What wakes the waiters of one kind.
pub(super) struct Slots<W> {
    slots: BTreeMap<Slot, W>,
    /// The number of the next slot.
    next: u64,
}

/// The waiters.
#[derive(Default)]
pub(super) struct Waiters {
    pub(super) futures: Slots<Waker>,
    /// Threads, each of which leads if no other one does.
    pub(super) threads: Slots<Bell>,
    /// The threads that the last sync served, but for the one that led it.
    pub(super) served: usize,
}

/// Waiters that are to be woken once the lock is free.
#[must_use]
pub(super) struct Woken {
    pub(super) futures: Vec<Waker>,
    pub(super) threads: Vec<Bell>,
}

impl Waiters {
    /// Takes out those whose sequence is at most `durable`.
    pub(super) fn take_served(&mut self, durable: u64) -> Woken {
        Woken {
            futures: self.futures.take_served(durable),
            threads: self.threads.take_served(durable),
        }
    }

    /// Whether fewer threads wait than the last sync served.
    pub(super) fn are_missed(&self) -> bool {
        self.threads.len() < self.served
    }

    /// Takes out all.
    pub(super) fn take_all(&mut self) -> Woken {
        Woken {
            futures: self.futures.take_all(),
            threads: self.threads.take_all(),
        }
    }
}

impl<W> Default for Slots<W> {
    fn default() -> Self {
        Self {
            slots: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<W> Slots<W> {
    /// Registers `waker` for the time when `sequence` is durable. Returns the one that the waiter
    /// registered before.
    pub(super) fn register(
        &mut self,
        slot: &mut Option<Slot>,
        sequence: u64,
        waker: W,
    ) -> Option<W> {
        let slot = *slot.get_or_insert_with(|| {
            let number = self.next;
            self.next += 1;
            Slot { sequence, number }
        });
        self.slots.insert(slot, waker)
    }

    /// Frees the slot of a waiter that waits no more.
    pub(super) fn forget(&mut self, slot: Slot) -> Option<W> {
        self.slots.remove(&slot)
    }

    /// The waiter of the lowest sequence.
    pub(super) fn first(&self) -> Option<&W> {
        self.slots.values().next()
    }

    fn take_served(&mut self, durable: u64) -> Vec<W> {
        let mut served = Vec::new();
        while let Some(first) = self.slots.first_entry()
            && first.key().sequence <= durable
        {
            served.push(first.remove());
        }
        served
    }

    pub(super) fn take_all(&mut self) -> Vec<W> {
        mem::take(&mut self.slots).into_values().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };
    use std::task::Wake;

    use super::*;

    struct Numbered(u64, Arc<AtomicU64>);

    impl Wake for Numbered {
        fn wake(self: Arc<Self>) {
            self.1.store(self.0, Ordering::Relaxed);
        }
    }

    /// A waker that writes its number to `last`.
    fn numbered(number: u64, last: &Arc<AtomicU64>) -> Waker {
        Waker::from(Arc::new(Numbered(number, Arc::clone(last))))
    }

    #[test]
    fn a_future_has_one_waker_however_often_it_is_polled_and_none_once_it_is_dropped() {
        let last = Arc::new(AtomicU64::new(0));
        let mut waiters = Slots::default();
        let mut slot = None;
        for number in 1..=1000 {
            let replaced = waiters.register(&mut slot, 7, numbered(number, &last));
            assert_eq!(replaced.is_some(), number > 1);
            assert_eq!(waiters.len(), 1);
        }
        waiters.take_served(7).into_iter().for_each(Waker::wake);
        assert_eq!(last.load(Ordering::Relaxed), 1000, "the newest is woken");
        // Polled again after it was served: the slot is the same.
        assert!(waiters.register(&mut slot, 7, numbered(1, &last)).is_none());
        assert!(waiters.forget(slot.unwrap()).is_some());
        assert_eq!(waiters.len(), 0);
        assert!(waiters.forget(slot.unwrap()).is_none());
    }

    #[test]
    fn a_sync_serves_those_up_to_it_in_order_and_leaves_the_others() {
        let last = Arc::new(AtomicU64::new(0));
        let mut waiters = Slots::default();
        for sequence in [5, 3, 9, 3, 7] {
            waiters.register(&mut None, sequence, numbered(sequence, &last));
        }
        assert!(waiters.take_served(2).is_empty());
        let woken: Vec<u64> = waiters
            .take_served(7)
            .into_iter()
            .map(|waker| {
                waker.wake();
                last.load(Ordering::Relaxed)
            })
            .collect();
        assert_eq!(woken, [3, 3, 5, 7]);
        assert_eq!(waiters.take_all().len(), 1);
        assert_eq!(waiters.len(), 0);
    }
}
