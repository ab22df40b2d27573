//! The publish cell: one value that is replaced as a whole. Readers do not wait for a writer.
//!
//! It is `arc-swap`'s cell. Loom cannot see into that crate, so a lock stands in for the cell in
//! models. The models check the code around the cell: a thread that loads a value can read
//! everything that the value refers to.

use std::sync::Arc;

#[cfg(not(loom))]
pub(super) struct PublishCell<T>(arc_swap::ArcSwap<T>);

#[cfg(not(loom))]
impl<T> PublishCell<T> {
    pub(super) fn new(value: T) -> Self {
        Self(arc_swap::ArcSwap::from_pointee(value))
    }

    /// Replaces the value and returns the old one.
    pub(super) fn publish(&self, value: Arc<T>) -> Arc<T> {
        self.0.swap(value)
    }

    pub(super) fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Calls `look` with the value, without counting a reference.
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
