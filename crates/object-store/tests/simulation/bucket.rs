//! [`Bucket`]: objects that are created once, and the writes that are still under way to them.

use std::{
    any::Any,
    collections::BTreeMap,
    fmt::Write as _,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use object_store::{Error, Result, path::Path};

/// A request that changes something.
#[derive(Clone)]
pub(crate) enum Write {
    Create(Path, Bytes),
    Overwrite(Path, Bytes),
    Delete(Path),
}

/// A simulated bucket. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Bucket {
    shared: Arc<Mutex<Shared>>,
}

/// An object, with the request that wrote it: the store's clock counts requests.
#[derive(Clone)]
struct Object {
    bytes: Bytes,
    written: u64,
}

#[derive(Default)]
struct Shared {
    objects: BTreeMap<Path, Object>,
    /// Requests so far, over all clients.
    steps: u64,
    /// Writes that land before a later request, by the number of that request.
    late: Vec<(u64, Write)>,
    /// The requests in words, for messages.
    trace: Vec<String>,
    /// The panic of something that happened meanwhile.
    panic: Option<Box<dyn Any + Send>>,
}

impl Bucket {
    /// Another bucket with the same objects.
    pub(crate) fn copy(&self) -> Self {
        let shared = self.lock();
        let copied = Shared {
            objects: shared.objects.clone(),
            steps: shared.steps,
            ..Shared::default()
        };
        Self {
            shared: Arc::new(Mutex::new(copied)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // What is kept here is whole after each statement.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client begins a request: lets the writes land that are due.
    pub(crate) fn begin(&self, client: &str, request: &str) {
        let mut shared = self.lock();
        shared.steps += 1;
        shared.trace.push(format!("{client} {request}"));
        let now = shared.steps;
        shared.land(|due| due <= now);
    }

    /// The time by the store's clock, of which each request takes a millisecond.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_millis(self.lock().steps)
    }

    /// Lets time pass by the store's clock, as so many requests would.
    pub(crate) fn pass(&self, requests: u64) {
        self.lock().steps += requests;
    }

    /// A write that lands so many requests from now on.
    pub(crate) fn write_later(&self, after: u64, write: Write) {
        let mut shared = self.lock();
        let due = shared.steps + after;
        shared.late.push((due, write));
    }

    pub(crate) fn write(&self, write: &Write) -> Result<()> {
        self.lock().write(write)
    }

    pub(crate) fn get(&self, path: &Path) -> Result<Bytes> {
        let object = self.lock().objects.get(path).cloned();
        object
            .map(|object| object.bytes)
            .ok_or_else(|| Error::NotFound {
                path: path.to_string(),
                source: "not there".into(),
            })
    }

    /// The objects below a prefix, in order, with their lengths and times.
    pub(crate) fn list(&self, prefix: Option<&Path>) -> Vec<(Path, u64, u64)> {
        let shared = self.lock();
        let is_below = |path: &Path| {
            prefix.is_none_or(|prefix| {
                path.prefix_match(prefix)
                    .is_some_and(|mut parts| parts.next().is_some())
            })
        };
        let objects = shared.objects.iter().filter(|(path, _)| is_below(path));
        objects
            .map(|(path, object)| (path.clone(), object.bytes.len() as u64, object.written))
            .collect()
    }

    /// Something failed that happened while a request was under way.
    pub(crate) fn fail(&self, panic: Box<dyn Any + Send>) {
        self.lock().panic.get_or_insert(panic);
    }

    /// Lets every write land, and panics with what failed meanwhile.
    pub(crate) fn settle(&self) {
        self.lock().land(|_| true);
        let panic = self.lock().panic.take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// The requests so far whose words hold these.
    pub(crate) fn count(&self, words: &str) -> usize {
        let shared = self.lock();
        shared
            .trace
            .iter()
            .filter(|line| line.contains(words))
            .count()
    }

    /// The last requests in words.
    pub(crate) fn trace(&self) -> String {
        let shared = self.lock();
        let from = shared.trace.len().saturating_sub(150);
        let mut text = String::new();
        for (number, line) in shared.trace.iter().enumerate().skip(from) {
            let _ = writeln!(text, "{number:>5} {line}");
        }
        text
    }

    /// Adds a remark to the trace.
    pub(crate) fn note(&self, remark: &str) {
        self.lock().trace.push(remark.to_owned());
    }
}

impl Shared {
    fn write(&mut self, write: &Write) -> Result<()> {
        match write {
            Write::Create(path, _) if self.objects.contains_key(path) => {
                Err(Error::AlreadyExists {
                    path: path.to_string(),
                    source: "there is one".into(),
                })
            }
            Write::Create(path, bytes) | Write::Overwrite(path, bytes) => {
                let object = Object {
                    bytes: bytes.clone(),
                    written: self.steps,
                };
                self.objects.insert(path.clone(), object);
                Ok(())
            }
            Write::Delete(path) => {
                self.objects.remove(path);
                Ok(())
            }
        }
    }

    fn land(&mut self, is_due: impl Fn(u64) -> bool) {
        let late = std::mem::take(&mut self.late);
        let (due, later): (Vec<_>, Vec<_>) = late.into_iter().partition(|(due, _)| is_due(*due));
        self.late = later;
        for (_, write) in due {
            let outcome = if self.write(&write).is_ok() {
                "lands"
            } else {
                "collides"
            };
            let line = match &write {
                Write::Create(path, _) => format!("      late create {path} {outcome}"),
                Write::Overwrite(path, _) => format!("      late overwrite {path} {outcome}"),
                Write::Delete(path) => format!("      late delete {path} {outcome}"),
            };
            self.trace.push(line);
        }
    }
}
