//! [`ObjectStore`]: a simulated bucket - slow, create-only, and losing responses when told to.

use std::{
    collections::{BTreeMap, HashMap},
    fmt, io,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use crate::lock::lock;

/// The fate of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It never arrives.
    Request,
    /// It takes effect, and the answer never comes back.
    Response,
}

/// Requests answered so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// Creations, refused ones included.
    pub puts: u64,
    /// Whole and partial reads, and questions for a length.
    pub gets: u64,
    /// Deletions.
    pub deletes: u64,
    /// Listings.
    pub lists: u64,
}

/// A simulated bucket. Clones share it.
///
/// It has the common operations of object stores and nothing more: create if absent, read whole or
/// in part, delete, list by prefix. There is no rename, no append and no overwriting.
///
/// ```
/// use rotortree_store::test_util::object::ObjectStore;
///
/// let bucket = ObjectStore::new();
/// bucket.create("a/1", b"one")?;
/// assert!(bucket.create("a/1", b"two").is_err());
/// assert_eq!(&*bucket.get("a/1")?, b"one");
/// assert_eq!(bucket.list("a/")?, ["a/1"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ObjectStore {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    objects: BTreeMap<String, Arc<[u8]>>,
    latency: Duration,
    requests: Requests,
    total: u64,
    losses: BTreeMap<u64, Loss>,
    lose_every: Option<(u64, Loss)>,
    /// Requests of each thread while some are lost regularly.
    counts: HashMap<ThreadId, u64>,
    expired: u64,
}

impl ObjectStore {
    /// An empty bucket that answers at once and loses nothing.
    pub fn new() -> Self {
        Self::default()
    }

    // --- what tests turn ---

    /// Makes every request take this long.
    pub fn set_latency(&self, latency: Duration) {
        lock(&self.shared).latency = latency;
    }

    /// Loses one request: the `after`-th from now, counted from 0.
    pub fn lose(&self, after: u64, loss: Loss) {
        let mut shared = lock(&self.shared);
        let at = shared.total + after;
        shared.losses.insert(at, loss);
    }

    /// Loses every `n`-th request of each thread from now on; `None` for no more. Counted over all
    /// threads, two that take turns could lose every try of the same request.
    pub fn lose_every(&self, every: Option<(u64, Loss)>) {
        lock(&self.shared).lose_every = every;
    }

    /// Lets all leases run out, as if their owners had stalled.
    pub fn expire_leases(&self) {
        lock(&self.shared).expired = u64::MAX;
    }

    /// Whether leases have run out; the next owner's lease starts the time anew.
    pub(super) fn leases_expired(&self) -> bool {
        lock(&self.shared).expired > 0
    }

    pub(super) fn restart_leases(&self) {
        lock(&self.shared).expired = 0;
    }

    /// Requests answered so far.
    pub fn requests(&self) -> Requests {
        lock(&self.shared).requests
    }

    // --- what object stores offer ---

    /// Creates an object; `AlreadyExists` if there is one.
    pub fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.request("create", name, |shared| {
            shared.requests.puts += 1;
            if shared.objects.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            shared.objects.insert(name.to_owned(), bytes.into());
            Ok(())
        })
    }

    /// A whole object.
    pub fn get(&self, name: &str) -> io::Result<Arc<[u8]>> {
        self.request("read", name, |shared| shared.get(name))
    }

    /// Bytes of an object; `UnexpectedEof` if it ends before `offset + len`.
    pub fn get_range(&self, name: &str, offset: usize, len: usize) -> io::Result<Vec<u8>> {
        self.request("read a part of", name, |shared| {
            let object = shared.get(name)?;
            let range = offset..offset.saturating_add(len);
            let bytes = object.get(range);
            bytes
                .map(<[u8]>::to_vec)
                .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        })
    }

    /// The length of an object.
    pub fn len(&self, name: &str) -> io::Result<u64> {
        self.request("tell the length of", name, |shared| {
            Ok(shared.get(name)?.len() as u64)
        })
    }

    /// Deletes an object; one that is not there is fine.
    pub fn delete(&self, name: &str) -> io::Result<()> {
        self.request("delete", name, |shared| {
            shared.requests.deletes += 1;
            shared.objects.remove(name);
            Ok(())
        })
    }

    /// Names that begin with `prefix`, ascending.
    pub fn list(&self, prefix: &str) -> io::Result<Vec<String>> {
        self.request("list", prefix, |shared| {
            shared.requests.lists += 1;
            let from = shared.objects.range(prefix.to_owned()..);
            let names = from.map(|(name, _)| name);
            Ok(names
                .take_while(|name| name.starts_with(prefix))
                .cloned()
                .collect())
        })
    }

    fn request<T>(
        &self,
        operation: &str,
        name: &str,
        answer: impl FnOnce(&mut Shared) -> io::Result<T>,
    ) -> io::Result<T> {
        let latency = lock(&self.shared).latency;
        if !latency.is_zero() {
            std::thread::sleep(latency);
        }
        let mut shared = lock(&self.shared);
        let loss = shared.next_loss();
        let answer = match loss {
            Some(Loss::Request) => Err(io::ErrorKind::TimedOut.into()),
            None => answer(&mut shared),
            Some(Loss::Response) => answer(&mut shared).and(Err(io::ErrorKind::TimedOut.into())),
        };
        answer.map_err(|error: io::Error| {
            let text = format!("cannot {operation} the object {name}: {error}");
            io::Error::new(error.kind(), text)
        })
    }
}

impl Shared {
    fn next_loss(&mut self) -> Option<Loss> {
        let number = self.total;
        self.total += 1;
        let regular = self.lose_every.filter(|(n, _)| {
            let count = self.counts.entry(thread::current().id()).or_default();
            *count += 1;
            count.is_multiple_of(*n)
        });
        self.losses
            .remove(&number)
            .or(regular.map(|(_, loss)| loss))
    }

    fn get(&mut self, name: &str) -> io::Result<Arc<[u8]>> {
        self.requests.gets += 1;
        let object = self.objects.get(name).cloned();
        object.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl fmt::Debug for ObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = lock(&self.shared);
        f.debug_struct("ObjectStore")
            .field("objects", &shared.objects.len())
            .field("requests", &shared.requests)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_response_took_effect_and_a_lost_request_did_not() {
        let bucket = ObjectStore::new();
        bucket.lose(0, Loss::Response);
        bucket.lose(1, Loss::Request);
        for name in ["there", "absent"] {
            let lost = bucket.create(name, b"x").unwrap_err();
            assert_eq!(lost.kind(), io::ErrorKind::TimedOut);
        }
        assert_eq!(bucket.list("").unwrap(), ["there"]);
    }

    #[test]
    fn parts_and_prefixes_are_exact() {
        let bucket = ObjectStore::new();
        for name in ["a/1", "a/2", "b/1"] {
            bucket.create(name, name.as_bytes()).unwrap();
        }
        assert_eq!(bucket.list("a/").unwrap(), ["a/1", "a/2"]);
        assert_eq!(bucket.get_range("b/1", 1, 2).unwrap(), b"/1");
        let short = bucket.get_range("b/1", 1, 3).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        bucket.delete("a/1").unwrap();
        bucket.delete("a/1").unwrap();
        let gone = bucket.get("a/1").unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
        assert_eq!(bucket.requests().deletes, 2);
    }
}
