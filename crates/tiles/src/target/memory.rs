//! [`MemoryTarget`]: a log in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Target, TargetError};

/// A target in memory, for tests and for programs that serve a log themselves. Clones share the
/// files.
#[derive(Clone, Debug, Default)]
pub struct MemoryTarget {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl MemoryTarget {
    /// A target without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of all files.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock().clone()
    }

    /// A map is whole after a panic of another thread: each change is one call.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<BTreeMap<String, Vec<u8>>> for MemoryTarget {
    fn from(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            files: Arc::new(Mutex::new(files)),
        }
    }
}

impl Target for MemoryTarget {
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        Ok(self.lock().get(path).cloned())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), TargetError> {
        self.lock().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn sync(&self) -> Result<(), TargetError> {
        Ok(())
    }

    fn exchange(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<bool, TargetError> {
        let mut files = self.lock();
        if files.get(path).map(Vec::as_slice) != expected {
            return Ok(false);
        }
        files.insert(path.to_owned(), bytes.to_vec());
        Ok(true)
    }

    fn remove_folder(&self, path: &str) -> Result<(), TargetError> {
        let prefix = format!("{path}/");
        self.lock().retain(|name, _| !name.starts_with(&prefix));
        Ok(())
    }
}
