//! The database that the backend stands on: ordered keys, values, batches that are written whole.
//!
//! It lives in memory, so that the example needs no other crate. What the backend asks of it is
//! what embedded key-value databases and most servers give: [`get`](Database::get),
//! [`keys`](Database::keys), [`last`](Database::last), and [`write`](Database::write), which is
//! atomic and durable when it returns.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(crate) type Key = Vec<u8>;

/// A handle on the database; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    entries: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>,
    opened: Arc<Mutex<bool>>,
}

/// The change of one key in a batch.
pub(crate) enum Change {
    Put(Key, Vec<u8>),
    Delete(Key),
}

impl Database {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<Key, Vec<u8>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.entries().get(key).cloned())
    }

    /// All keys that start with `prefix`, in order, with the lengths of their values.
    pub(crate) fn keys(&self, prefix: &[u8]) -> io::Result<Vec<(Key, u64)>> {
        let entries = self.entries();
        let from = entries.range(prefix.to_vec()..);
        let found = from.take_while(|(key, _)| key.starts_with(prefix));
        Ok(found
            .map(|(key, value)| (key.clone(), value.len() as u64))
            .collect())
    }

    /// The last key that starts with `prefix`, with its value's length.
    pub(crate) fn last(&self, prefix: &[u8]) -> io::Result<Option<(Key, u64)>> {
        let entries = self.entries();
        let from = entries.range(prefix.to_vec()..);
        let last = from.take_while(|(key, _)| key.starts_with(prefix)).last();
        Ok(last.map(|(key, value)| (key.clone(), value.len() as u64)))
    }

    /// Writes all of `changes` or, after an error, none; durable when it returns. `check` looks at
    /// the entries as they are when nothing can come between it and the writing.
    pub(crate) fn write(
        &self,
        changes: Vec<Change>,
        check: impl FnOnce(&BTreeMap<Key, Vec<u8>>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut entries = self.entries();
        check(&entries)?;
        for change in changes {
            match change {
                Change::Put(key, value) => drop(entries.insert(key, value)),
                Change::Delete(key) => drop(entries.remove(&key)),
            }
        }
        Ok(())
    }

    /// Takes the database for one owner; `None` if another has it. A real one locks its file or
    /// takes a lease.
    pub(crate) fn lock(&self) -> Option<Lock> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        (!std::mem::replace(&mut *opened, true)).then(|| Lock(Arc::clone(&self.opened)))
    }
}

/// The one owner; gone when dropped.
#[derive(Debug)]
pub(crate) struct Lock(Arc<Mutex<bool>>);

impl Drop for Lock {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}
