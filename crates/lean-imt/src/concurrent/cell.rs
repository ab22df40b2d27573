//! The publish cell: one value that is replaced as a whole and read without waiting for whoever
//! replaces it.
//!
//! It is `arc-swap`'s cell. Under loom, which cannot see into that crate, a lock stands in for it,
//! so that the models check everything around the cell: that whatever a published value refers to
//! is readable by whoever loads it.

use std::sync::Arc;

#[cfg(not(loom))]
pub(super) struct PublishCell<T>(arc_swap::ArcSwap<T>);

#[cfg(not(loom))]
impl<T> PublishCell<T> {
    pub(super) fn new(value: T) -> Self {
        Self(arc_swap::ArcSwap::from_pointee(value))
    }

    /// Replaces the value, and gives what it was.
    pub(super) fn publish(&self, value: Arc<T>) -> Arc<T> {
        self.0.swap(value)
    }

    pub(super) fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Looks at the value without taking a share in it.
    pub(super) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.load())
    }
}

#[cfg(loom)]
pub(super) struct PublishCell<T>(crate::sync::Mutex<Arc<T>>);

#[cfg(loom)]
impl<T> PublishCell<T> {
    pub(super) fn new(value: T) -> Self {
        Self(crate::sync::Mutex::new(Arc::new(value)))
    }

    fn guard(&self) -> crate::sync::MutexGuard<'_, Arc<T>> {
        self.0.lock().expect("a model that panics has failed")
    }

    pub(super) fn publish(&self, value: Arc<T>) -> Arc<T> {
        std::mem::replace(&mut self.guard(), value)
    }

    pub(super) fn load(&self) -> Arc<T> {
        Arc::clone(&self.guard())
    }

    pub(super) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.guard())
    }
}
