//! The locks, condition variables and cells of the engine: the standard ones, or loom's in models.
//!
//! `cargo xtask loom` checks the models. They run the engine itself, on a storage in memory. The
//! layers below the engine (storage, cold nodes, counters) keep the usual locks, under which no
//! thread of a model is ever stopped.

use std::{
    cell::Cell,
    sync::{PoisonError, TryLockError},
};

#[cfg(loom)]
pub(crate) use self::models::{
    ArcSwap, AtomicBool, AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, RwLock,
    RwLockReadGuard, RwLockWriteGuard, SetOnce, fence,
};
#[cfg(not(loom))]
pub(crate) use {
    arc_swap::ArcSwap,
    std::sync::{
        Condvar, Mutex, MutexGuard, OnceLock as SetOnce, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, fence},
    },
};

/// A value of which each thread has its own, made anew for each.
#[cfg(not(loom))]
macro_rules! per_thread {
    (static $name:ident: $type:ty = $value:expr) => {
        std::thread_local! { static $name: $type = const { $value } }
    };
}

/// A value of which each thread of a model has its own. They all run on one thread of the system.
#[cfg(loom)]
macro_rules! per_thread {
    (static $name:ident: $type:ty = $value:expr) => {
        loom::thread_local! { static $name: $type = $value }
    };
}

pub(crate) use per_thread;

// The token of the thread for which this one works, or 0.
per_thread!(static TOKEN: Cell<usize> = Cell::new(0));

/// A number that no other thread has as long as this one runs, but for those that work for it;
/// never 0, and 0 only in a thread that is about to end.
pub(crate) fn thread_token() -> usize {
    let token = |own: &Cell<usize>| match own.get() {
        0 => std::ptr::from_ref(own).addr(),
        other => other,
    };
    TOKEN.try_with(token).unwrap_or(0)
}

/// From here on this thread works for the thread with that token, which waits for it: a call that
/// comes from either comes from both.
pub(crate) fn work_for(token: usize) {
    TOKEN.with(|own| own.set(token));
}

/// Locks `mutex`, ignoring poisoning: for state that every critical section leaves consistent at
/// each step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks `mutex` unless a thread has it; poisoning as in [`lock`].
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Locks for reading; poisoning as in [`lock`].
pub(crate) fn read<T>(shared: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    shared.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading, unless a thread writes.
pub(crate) fn try_read<T>(shared: &RwLock<T>) -> Option<RwLockReadGuard<'_, T>> {
    match shared.try_read() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Locks for writing; poisoning as in [`lock`].
pub(crate) fn write<T>(shared: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    shared.write().unwrap_or_else(PoisonError::into_inner)
}

/// Types that loom lacks, built from its own.
#[cfg(loom)]
mod models {
    use std::sync::{Arc, OnceLock, atomic::Ordering};

    pub(crate) use loom::sync::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, fence},
    };

    /// Stands in for the cell of `arc-swap`, which loom cannot model.
    pub(crate) struct ArcSwap<T>(Mutex<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(crate) fn new(value: Arc<T>) -> Self {
            Self(Mutex::new(value))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            Arc::clone(&super::lock(&self.0))
        }

        pub(crate) fn load_full(&self) -> Arc<T> {
            self.load()
        }

        pub(crate) fn store(&self, value: Arc<T>) {
            drop(self.swap(value));
        }

        pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
            std::mem::replace(&mut super::lock(&self.0), value)
        }
    }

    /// A cell that is set once. A reader may miss the value, unless another operation
    /// orders the two.
    pub(crate) struct SetOnce<T> {
        is_set: AtomicBool,
        value: OnceLock<T>,
    }

    impl<T> Default for SetOnce<T> {
        fn default() -> Self {
            Self {
                is_set: AtomicBool::new(false),
                value: OnceLock::new(),
            }
        }
    }

    impl<T> SetOnce<T> {
        pub(crate) fn get(&self) -> Option<&T> {
            if self.is_set.load(Ordering::Acquire) {
                self.value.get()
            } else {
                None
            }
        }

        pub(crate) fn get_or_init(&self, value: impl FnOnce() -> T) -> &T {
            let value = self.value.get_or_init(value);
            self.is_set.store(true, Ordering::Release);
            value
        }
    }
}
