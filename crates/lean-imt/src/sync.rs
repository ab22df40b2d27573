//! The atomics, locks and cells of concurrent code: the standard ones, or loom's in models.
//!
//! `cargo xtask loom` checks the models.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};
#[cfg(all(feature = "std", loom))]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(all(feature = "std", not(loom)))]
pub(crate) use std::sync::{Mutex, MutexGuard};

/// Shows loom the reads and writes of memory that is reached by raw pointer, slot by slot. Empty
/// outside of models.
#[cfg(not(loom))]
pub(crate) struct SlotWatch;

#[cfg(not(loom))]
impl SlotWatch {
    pub(crate) fn new(_slots: usize) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn read(&self, _from: usize, _len: usize) {}

    #[inline(always)]
    pub(crate) fn write(&self, _from: usize, _len: usize) {}
}

/// Shows loom the reads and writes of memory that is reached by raw pointer, slot by slot. Loom
/// fails a model in which a write to a slot is concurrent with, or not ordered against, another
/// access to it.
#[cfg(loom)]
pub(crate) struct SlotWatch(alloc::vec::Vec<loom::cell::UnsafeCell<()>>);

#[cfg(loom)]
impl SlotWatch {
    pub(crate) fn new(slots: usize) -> Self {
        Self(
            (0..slots)
                .map(|_| loom::cell::UnsafeCell::new(()))
                .collect(),
        )
    }

    pub(crate) fn read(&self, from: usize, len: usize) {
        self.0[from..from + len]
            .iter()
            .for_each(|slot| slot.with(|_| ()));
    }

    pub(crate) fn write(&self, from: usize, len: usize) {
        self.0[from..from + len]
            .iter()
            .for_each(|slot| slot.with_mut(|_| ()));
    }
}
