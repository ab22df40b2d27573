//! [`ObjectTarget`]: a log in an object store.

mod object;
mod requests;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use object_store::{ObjectStore, path::Path};

use self::{
    object::Object,
    requests::{Answer, Requests},
};
use super::{HttpHeaders, Operation, Target, TargetError};

/// How many changes are under way at once.
const CONCURRENT: usize = 32;

/// How long a change may take unless told otherwise, with its repetitions.
const DEADLINE: Duration = Duration::from_secs(120);

/// Shows before the first change that the store refuses what it must.
const PROBE_PATH: &str = "probe";

/// A log in a bucket of an object store: S3, Google's, Azure's, or one that is compatible.
///
/// Every write has a condition, on the object being absent or being the version that was read. So
/// a request that the network delivers late changes nothing that was written since, and of two
/// publishers one loses. A write without an answer is settled by reading the object. Before the
/// first change a probe, the object `probe`, shows that the store keeps to conditions; one that
/// does not is refused.
///
/// Tiles, bundles and the checkpoint carry the type and the caching of [`HttpHeaders`], for a
/// bucket that serves clients itself. Up to 32 changes are under way at once. Requests run on a
/// thread of the target's own, and each has a deadline, so the target can be used inside and
/// outside of asynchronous code; its methods block.
///
/// ```
/// use std::sync::Arc;
///
/// use object_store::memory::InMemory;
/// use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
/// use rotortree_lean_imt::LeanIMT;
/// use rotortree_tiles::{Client, KeyKind, Log, ObjectTarget, Publisher, SecretKey};
///
/// let bucket = Arc::new(InMemory::new());
/// let key = SecretKey::generate("example.com/log", KeyKind::Note)?;
/// let log = Log::new("example.com/log", key.public().clone());
/// let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
/// tree.insert(rfc6962_leaf(b"one"))?;
///
/// let target = ObjectTarget::new(bucket.clone(), "logs/example")?;
/// let publisher = Publisher::new(target, "example.com/log", key);
/// publisher.publish(&tree.snapshot(), |_| Ok(b"one".to_vec()))?;
///
/// let mut client = Client::new(ObjectTarget::new(bucket, "logs/example")?, log);
/// client.follow()?;
/// assert_eq!(client.entry(0)?, b"one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ObjectTarget {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    requests: Requests,
    changes: Mutex<Changes>,
}

/// The changes since the last sync.
#[derive(Default)]
struct Changes {
    /// Those under way, the oldest first.
    started: VecDeque<Answer<()>>,
    failed: Option<TargetError>,
    /// Whether the store was seen to keep to conditions.
    probed: bool,
}

impl ObjectTarget {
    /// The log below a prefix of the bucket; an empty prefix is the whole bucket. Sends no request.
    ///
    /// # Errors
    /// [`TargetError`] if the prefix cannot be that of a path, or the system has no thread left.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        prefix: impl Into<String>,
    ) -> Result<Self, TargetError> {
        let prefix = prefix.into();
        let requests = Requests::new(DEADLINE)
            .map_err(|error| TargetError::new(&prefix, Operation::Read, error))?;
        let target = Self {
            store,
            prefix,
            requests,
            changes: Mutex::default(),
        };
        target.object("", Operation::Read)?;
        Ok(target)
    }

    /// Gives up on a read or a change after so long; after two minutes unless told otherwise. A
    /// change that was given up may still happen.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.requests.set_deadline(deadline);
        self
    }

    fn object(&self, path: &str, operation: Operation) -> Result<Object, TargetError> {
        let full = format!("{}/{path}", self.prefix);
        let full = Path::parse(full).map_err(|error| TargetError::new(path, operation, error))?;
        Ok(Object::new(self.store.clone(), full))
    }

    /// Whole after a panic of another thread: each change of it is one call.
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes, none of which is under way for `path`, and a place for one more.
    fn changes_before(&self, path: &str) -> MutexGuard<'_, Changes> {
        let mut changes = self.changes();
        let is_within = |a: &str, b: &str| {
            let rest = a.strip_prefix(b);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut started = changes.started.iter().map(Answer::path);
        let until = match started.rposition(|at| is_within(at, path) || is_within(path, at)) {
            Some(last) => last + 1,
            None => (changes.started.len() + 1).saturating_sub(CONCURRENT),
        };
        changes.settle(until);
        changes
    }

    /// As [`changes_before`](Self::changes_before); the store keeps to conditions.
    fn changes_to(&self, path: &str) -> Result<MutexGuard<'_, Changes>, TargetError> {
        let mut changes = self.changes_before(path);
        if !changes.probed {
            let probe = self.object(PROBE_PATH, Operation::Write)?;
            let request = async move { probe.keeps_to_conditions().await };
            let answer = self.requests.start(PROBE_PATH, Operation::Write, request);
            changes.probed = answer.wait()?;
            if !changes.probed {
                let reason = "the store does not keep to the conditions of writes";
                return Err(TargetError::new(PROBE_PATH, Operation::Write, reason));
            }
        }
        Ok(changes)
    }
}

impl Changes {
    /// Waits for the oldest `count` changes.
    fn settle(&mut self, count: usize) {
        for answer in self.started.drain(..count) {
            if let Err(error) = answer.wait() {
                self.failed.get_or_insert(error);
            }
        }
    }
}

impl Target for ObjectTarget {
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        drop(self.changes_before(path));
        let object = self.object(path, Operation::Read)?;
        let request = async move { object.read().await };
        let answer = self.requests.start(path, Operation::Read, request);
        Ok(answer.wait()?.map(|(bytes, _)| bytes))
    }

    /// Returns when the write is under way; [`sync`](Target::sync) has its error.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), TargetError> {
        let object = self.object(path, Operation::Write)?;
        let (bytes, headers) = (bytes.to_vec(), HttpHeaders::of(path));
        let mut changes = self.changes_to(path)?;
        let request = async move { object.put(bytes, headers).await };
        let answer = self.requests.start(path, Operation::Write, request);
        changes.started.push_back(answer);
        Ok(())
    }

    fn sync(&self) -> Result<(), TargetError> {
        let mut changes = self.changes();
        let count = changes.started.len();
        changes.settle(count);
        changes.failed.take().map_or(Ok(()), Err)
    }

    fn exchange(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<bool, TargetError> {
        let object = self.object(path, Operation::Write)?;
        let (old, new) = (expected.map(<[u8]>::to_vec), bytes.to_vec());
        drop(self.changes_to(path)?);
        let request = async move { object.exchange(old, new).await };
        let answer = self.requests.start(path, Operation::Write, request);
        answer.wait()
    }

    /// Returns when the removal is under way; [`sync`](Target::sync) has its error.
    fn remove_folder(&self, path: &str) -> Result<(), TargetError> {
        let folder = self.object(path, Operation::Remove)?;
        let mut changes = self.changes_before(path);
        let answer = self
            .requests
            .start(path, Operation::Remove, folder.remove_all());
        changes.started.push_back(answer);
        Ok(())
    }
}
