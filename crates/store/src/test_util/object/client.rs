//! [`Client`]: repeats requests until they are answered, so that a lost response is not mistaken
//! for a refusal.

use std::{io, sync::Arc};

use super::store::ObjectStore;

/// Tries of one request.
const TRIES: u32 = 4;

/// The outcome of a creation.
pub(super) enum Created {
    /// The object is there with our bytes, written now or by a try whose answer was lost.
    Ours,
    /// The name is taken by other bytes.
    Taken(Arc<[u8]>),
}

/// A bucket with repeated requests.
#[derive(Debug, Clone)]
pub(super) struct Client {
    bucket: ObjectStore,
}

impl Client {
    pub(super) fn new(bucket: ObjectStore) -> Self {
        Self { bucket }
    }

    pub(super) fn bucket(&self) -> &ObjectStore {
        &self.bucket
    }

    /// Creates an object if the name is free or holds the same bytes.
    pub(super) fn create(&self, name: &str, bytes: &[u8]) -> io::Result<Created> {
        match patiently(|| self.bucket.create(name, bytes)) {
            Ok(()) => Ok(Created::Ours),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = self.get(name)?;
                Ok(if *there == *bytes {
                    Created::Ours
                } else {
                    Created::Taken(there)
                })
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn get(&self, name: &str) -> io::Result<Arc<[u8]>> {
        patiently(|| self.bucket.get(name))
    }

    pub(super) fn get_range(&self, name: &str, offset: usize, len: usize) -> io::Result<Vec<u8>> {
        patiently(|| self.bucket.get_range(name, offset, len))
    }

    /// The length of an object, or `None` if it is not there.
    pub(super) fn len(&self, name: &str) -> io::Result<Option<u64>> {
        match patiently(|| self.bucket.len(name)) {
            Ok(len) => Ok(Some(len)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn delete(&self, name: &str) -> io::Result<()> {
        patiently(|| self.bucket.delete(name))
    }

    pub(super) fn list(&self, prefix: &str) -> io::Result<Vec<String>> {
        patiently(|| self.bucket.list(prefix))
    }
}

fn patiently<T>(mut request: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        match request() {
            Err(error) if error.kind() == io::ErrorKind::TimedOut && tries < TRIES => {}
            other => return other,
        }
    }
}
