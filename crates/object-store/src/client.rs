//! [`Client`]: requests of synchronous callers, with errors that name the object.

use std::{future::Future, io, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use rotortree_store::{StorageError, storage::WriteError};
use tokio::task::AbortHandle;

use crate::{
    bridge::{Bridge, Pending},
    counters::{Counter, Counters},
    events::event,
    failure::Failure,
    frame::{self, Kind},
    requests::{CreateFailure, Created, Listed, Requests},
};

/// The longest that closing waits for what is in flight.
const CLOSE: Duration = Duration::from_secs(30);

/// The requests of a handle. Closed when dropped.
#[derive(Debug)]
pub(crate) struct Client {
    requests: Requests,
    bridge: Bridge,
    /// The URL up to the names, without credentials.
    base: Arc<str>,
}

/// A creation under way.
pub(crate) struct Creating {
    name: String,
    pending: Pending<Result<Created, CreateFailure>>,
}

impl Creating {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Client {
    pub(crate) fn new(requests: Requests, base: Arc<str>) -> Self {
        Self {
            requests,
            bridge: Bridge::new(),
            base,
        }
    }

    pub(crate) fn requests(&self) -> &Requests {
        &self.requests
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.requests.counters
    }

    pub(crate) fn is_own_process(&self) -> bool {
        self.bridge.is_own_process()
    }

    /// An object as errors call it.
    pub(crate) fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }

    /// Runs a task beside the requests.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<AbortHandle> {
        self.bridge.spawn(task)
    }

    fn run<T: Send + 'static>(
        &self,
        bytes: u64,
        request: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        let deadline = self.requests.patience.with_bytes(bytes).total;
        self.bridge.start(deadline, request)?.wait()
    }

    /// Hands the creation of an object over.
    ///
    /// # Errors
    /// As [`Bridge::start`]: nothing was sent.
    pub(crate) fn start_create(&self, name: &str, body: Bytes) -> Result<Creating, WriteError> {
        let patience = self.requests.patience.with_bytes(body.len() as u64);
        // The object may have to be read back too.
        let deadline = patience.total * 2;
        let (requests, task_name) = (self.requests.clone(), name.to_owned());
        let request = async move { requests.create(&task_name, body).await };
        let pending = self.bridge.start(deadline, request);
        Ok(Creating {
            name: name.to_owned(),
            pending: pending.map_err(WriteError::NotWritten)?,
        })
    }

    /// Waits for a creation.
    ///
    /// # Errors
    /// [`WriteError::NotWritten`] or [`WriteError::InDoubt`].
    pub(crate) fn finish_create(&self, creating: Creating) -> Result<Created, WriteError> {
        let Creating { name, pending } = creating;
        let created = pending.wait().map_err(WriteError::InDoubt)?;
        created.map_err(|failure| {
            let error = failure
                .failure()
                .to_io("create the object", &self.full_name(&name));
            match failure {
                CreateFailure::NotWritten(_) => WriteError::NotWritten(error),
                CreateFailure::InDoubt(_) => WriteError::InDoubt(error),
            }
        })
    }

    /// Creates an object if the name is free or holds the same bytes.
    pub(crate) fn create(&self, name: &str, body: Bytes) -> Result<Created, WriteError> {
        self.finish_create(self.start_create(name, body)?)
    }

    /// Creates an object under a name that no other can have.
    pub(crate) fn create_own(&self, name: &str, body: Bytes) -> io::Result<()> {
        let created = self.create(name, body).map_err(WriteError::into_io)?;
        self.own(name, created)
    }

    /// Refuses an object of ours that has other bytes.
    pub(crate) fn own(&self, name: &str, created: Created) -> io::Result<()> {
        match created {
            Created::Ours => Ok(()),
            Created::Taken => {
                let name = self.full_name(name);
                let text = format!(
                    "cannot create the object {name}: other bytes have this name, which only this \
                     handle makes; look for what else writes there"
                );
                Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
            }
        }
    }

    /// An object, or a range of it; `None` if it is not there.
    pub(crate) fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        most: u64,
    ) -> io::Result<Option<Bytes>> {
        let bytes = range
            .as_ref()
            .map_or(most.min(1 << 26), |range| range.end - range.start);
        let (requests, task_name) = (self.requests.clone(), name.to_owned());
        let got = self.run(
            bytes,
            async move { requests.get(&task_name, range, most).await },
        )?;
        got.map_err(|failure| failure.to_io("read the object", &self.full_name(name)))
    }

    /// The framed object `name`; `None` if it is not there.
    ///
    /// # Errors
    /// `InvalidData` for one that is damaged, of a newer format, or of more than `most` bytes.
    pub(crate) fn get_framed(&self, name: &str, most: u64) -> io::Result<Option<(Kind, Bytes)>> {
        let object = self.get(name, None, most)?;
        object.map(|object| self.unseal(name, &object)).transpose()
    }

    /// Kind and body of an object that was read.
    pub(crate) fn unseal(&self, name: &str, object: &Bytes) -> io::Result<(Kind, Bytes)> {
        frame::unseal(name, &self.full_name(name), object).map_err(damage)
    }

    /// Several objects or ranges, side by side; those that failed have their error.
    pub(crate) fn get_all(
        &self,
        ranges: Vec<(String, Option<Range<u64>>)>,
    ) -> io::Result<Vec<io::Result<Option<Bytes>>>> {
        if let [(name, range)] = &ranges[..] {
            return Ok(vec![self.get(name, range.clone(), u64::MAX)]);
        }
        let names: Vec<String> = ranges.iter().map(|(name, _)| name.clone()).collect();
        let whole = |range: &Option<Range<u64>>| {
            range
                .as_ref()
                .map_or(1 << 20, |range| range.end - range.start)
        };
        let bytes = ranges.iter().map(|(_, range)| whole(range)).sum();
        let requests = self.requests.clone();
        let got = self.run(bytes, async move { requests.get_all(ranges).await })?;
        let named = got.into_iter().zip(names).map(|(got, name)| {
            got.map_err(|failure| failure.to_io("read the object", &self.full_name(&name)))
        });
        Ok(named.collect())
    }

    /// Deletes an object; one that is not there is fine.
    pub(crate) fn delete(&self, name: &str) -> io::Result<()> {
        let (requests, task_name) = (self.requests.clone(), name.to_owned());
        let deleted = self.run(0, async move { requests.delete(&task_name).await })?;
        deleted.map_err(|failure| failure.to_io("delete the object", &self.full_name(name)))
    }

    /// Writes an object that nothing depends on over what is there.
    pub(crate) fn overwrite(&self, name: &str, body: Bytes) -> io::Result<()> {
        let (requests, task_name) = (self.requests.clone(), name.to_owned());
        let written = self.run(0, async move { requests.overwrite(&task_name, body).await })?;
        written.map_err(|failure| failure.to_io("write the object", &self.full_name(name)))
    }

    /// Creates an object in one try that is not settled.
    pub(crate) fn create_once(&self, name: &str, body: Bytes) -> io::Result<Result<(), Failure>> {
        let (requests, task_name) = (self.requests.clone(), name.to_owned());
        self.run(
            0,
            async move { requests.create_once(&task_name, body).await },
        )
    }

    /// At most `most` objects of a folder, in the order of the store.
    pub(crate) fn list(&self, folder: &str, most: usize) -> io::Result<Vec<Listed>> {
        self.list_behind(folder, None, most)
    }

    /// The objects of a folder behind the name `from`.
    pub(crate) fn list_from(&self, folder: &str, from: &str) -> io::Result<Vec<Listed>> {
        self.list_behind(folder, Some(from), usize::MAX)
    }

    fn list_behind(
        &self,
        folder: &str,
        from: Option<&str>,
        most: usize,
    ) -> io::Result<Vec<Listed>> {
        let requests = self.requests.clone();
        let (task_folder, from) = (folder.to_owned(), from.map(str::to_owned));
        let list = async move { requests.list(&task_folder, from.as_deref(), most).await };
        let listed = self.run(0, list)?;
        listed.map_err(|failure| failure.to_io("list the objects of", &self.full_name(folder)))
    }

    /// Counts a loss of the place, and makes its error.
    pub(crate) fn fenced(&self, name: &str) -> WriteError {
        self.counters().add(Counter::Fences, 1);
        let name = self.full_name(name);
        event!(WARN, "fenced", object = name.as_str());
        let text = format!(
            "cannot create the object {name}: another owner has taken the place; close this tree, \
             and open the store again where it should be written"
        );
        WriteError::Fenced(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.bridge.close(CLOSE);
    }
}

/// Damage as an error of reading.
pub(crate) fn damage(error: StorageError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
