//! [`Requests`]: each request with a deadline, tried again while that may help, and what may have
//! been applied settled by reading back.

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path,
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    counters::{Counter, Counters},
    failure::{Class, Failure},
    settings::Patience,
};

/// Requests that are made side by side for one caller.
pub(crate) const ABREAST: usize = 16;
/// The longest wait before another try.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// The outcome of a creation that is settled.
#[derive(Debug)]
pub(crate) enum Created {
    /// The object is there with our bytes, written now or by a try whose answer was lost.
    Ours,
    /// The name is taken by other bytes.
    Taken,
}

/// A creation that is not settled, or was refused.
#[derive(Debug)]
pub(crate) enum CreateFailure {
    /// No try can have been applied.
    NotWritten(Failure),
    /// A try may have been applied, or may still be.
    InDoubt(Failure),
}

impl CreateFailure {
    pub(crate) fn failure(&self) -> &Failure {
        match self {
            Self::NotWritten(failure) | Self::InDoubt(failure) => failure,
        }
    }
}

/// An object of a listing.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// Below the prefix.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// In milliseconds of the store's clock.
    pub(crate) modified: i64,
}

/// An object store below a prefix.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    store: Arc<dyn ObjectStore>,
    /// Empty, or ends with a slash.
    prefix: Arc<str>,
    pub(crate) patience: Patience,
    pub(crate) counters: Arc<Counters>,
}

impl Requests {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        prefix: &Path,
        patience: Patience,
        counters: Arc<Counters>,
    ) -> Self {
        let prefix = match prefix.as_ref() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self {
            store,
            prefix: prefix.into(),
            patience,
            counters,
        }
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}{name}", self.prefix))
    }

    /// Creates an object if the name is free or holds the same bytes.
    ///
    /// A try whose answer is unclear is followed by a read, never by a blind repetition: the next
    /// try is made once the name is seen to be free.
    pub(crate) async fn create(&self, name: &str, body: Bytes) -> Result<Created, CreateFailure> {
        let path = self.path(name);
        let mut tries = Tries::new(self.patience.with_bytes(body.len() as u64));
        let mut may_be_applied = false;
        loop {
            let failure = match self.put(&path, &body, PutMode::Create, &tries).await {
                Ok(()) => return Ok(Created::Ours),
                Err(failure) => failure,
            };
            match failure.class {
                Class::NotSent => {}
                Class::Refused | Class::Absent if !may_be_applied => {
                    return Err(CreateFailure::NotWritten(failure));
                }
                // A conflict may be a request of ours that is still under way.
                Class::Taken | Class::Unclear | Class::Refused | Class::Absent => {
                    may_be_applied |= failure.class == Class::Unclear;
                    self.counters.add(Counter::Unclear, 1);
                    match self.settle(name, &mut tries).await {
                        Ok(Some(there)) if there == body => return Ok(Created::Ours),
                        Ok(Some(_)) => return Ok(Created::Taken),
                        Ok(None) if failure.class == Class::Refused => {
                            return Err(CreateFailure::InDoubt(failure));
                        }
                        Ok(None) => {}
                        Err(unread) => return Err(CreateFailure::InDoubt(unread)),
                    }
                }
            }
            if !tries.wait(&self.counters).await {
                return Err(if may_be_applied {
                    CreateFailure::InDoubt(failure)
                } else {
                    CreateFailure::NotWritten(failure)
                });
            }
        }
    }

    /// The object of a name that may have been written.
    async fn settle(&self, name: &str, tries: &mut Tries) -> Result<Option<Bytes>, Failure> {
        loop {
            match self.get_once(name, None, u64::MAX, tries).await {
                Err(failure) if failure.may_pass() && tries.wait(&self.counters).await => {}
                answer => return answer,
            }
        }
    }

    /// Writes an object over what is there, once: for what nothing depends on.
    pub(crate) async fn overwrite(&self, name: &str, body: Bytes) -> Result<(), Failure> {
        let tries = Tries::new(self.patience);
        let path = self.path(name);
        self.put(&path, &body, PutMode::Overwrite, &tries).await
    }

    /// Creates an object, once, and does not settle what that did: for the probe of a store.
    pub(crate) async fn create_once(&self, name: &str, body: Bytes) -> Result<(), Failure> {
        let tries = Tries::new(self.patience);
        let path = self.path(name);
        self.put(&path, &body, PutMode::Create, &tries).await
    }

    async fn put(
        &self,
        path: &Path,
        body: &Bytes,
        mode: PutMode,
        tries: &Tries,
    ) -> Result<(), Failure> {
        self.counters.add(Counter::Puts, 1);
        self.counters.add(Counter::BytesSent, body.len() as u64);
        let options = PutOptions::from(mode);
        let put = self.store.put_opts(path, body.clone().into(), options);
        match timeout(tries.attempt(), put).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::of(&error)),
            Err(_) => Err(Failure::timed_out()),
        }
    }

    /// An object, or a range of it; `None` if it is not there. An object of more than `most` bytes
    /// is refused before it is read.
    pub(crate) async fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        most: u64,
    ) -> Result<Option<Bytes>, Failure> {
        let bytes = range.as_ref().map_or(0, |range| range.end - range.start);
        let mut tries = Tries::new(self.patience.with_bytes(bytes));
        loop {
            match self.get_once(name, range.clone(), most, &tries).await {
                Err(failure) if failure.may_pass() && tries.wait(&self.counters).await => {}
                answer => return answer,
            }
        }
    }

    async fn get_once(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        most: u64,
        tries: &Tries,
    ) -> Result<Option<Bytes>, Failure> {
        self.counters.add(Counter::Gets, 1);
        let path = self.path(name);
        let options = GetOptions::new().with_range(range.map(GetRange::Bounded));
        let get = async {
            let found = self.store.get_opts(&path, options).await;
            let found = found.map_err(|error| Failure::of(&error))?;
            if found.meta.size > most {
                let cause = format!("it has {} bytes, more than {most}", found.meta.size);
                return Err(Failure::invalid(cause, std::io::ErrorKind::InvalidData));
            }
            found.bytes().await.map_err(|error| Failure::of(&error))
        };
        match timeout(tries.attempt(), get).await {
            Ok(Ok(bytes)) => {
                self.counters
                    .add(Counter::BytesReceived, bytes.len() as u64);
                Ok(Some(bytes))
            }
            Ok(Err(failure)) if failure.class == Class::Absent => Ok(None),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::timed_out()),
        }
    }

    /// Several ranges, side by side, in their order.
    pub(crate) async fn get_all(
        &self,
        ranges: Vec<(String, Option<Range<u64>>)>,
    ) -> Vec<Result<Option<Bytes>, Failure>> {
        stream::iter(ranges)
            .map(|(name, range)| async move { self.get(&name, range, u64::MAX).await })
            .buffered(ABREAST)
            .collect()
            .await
    }

    /// Deletes an object; one that is not there is fine.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Failure> {
        let path = self.path(name);
        let mut tries = Tries::new(self.patience);
        loop {
            self.counters.add(Counter::Deletes, 1);
            let failure = match timeout(tries.attempt(), self.store.delete(&path)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => Failure::of(&error),
                Err(_) => Failure::timed_out(),
            };
            if failure.class == Class::Absent {
                return Ok(());
            }
            if !failure.may_pass() || !tries.wait(&self.counters).await {
                return Err(failure);
            }
        }
    }

    /// Names that begin with `folder`, which is empty or ends with a slash, those behind `from`
    /// alone if it is given; at most `most` of them, in the order of the store.
    pub(crate) async fn list(
        &self,
        folder: &str,
        from: Option<&str>,
        most: usize,
    ) -> Result<Vec<Listed>, Failure> {
        let path = self.path(folder.trim_end_matches('/'));
        let from = from.map(|from| self.path(from.trim_end_matches('/')));
        let mut tries = Tries::new(self.patience);
        loop {
            self.counters.add(Counter::Lists, 1);
            let found = match &from {
                Some(from) => self.store.list_with_offset(Some(&path), from),
                None => self.store.list(Some(&path)),
            };
            let found = found.take(most);
            let failure = match timeout(tries.attempt(), found.try_collect::<Vec<_>>()).await {
                Ok(Ok(found)) => {
                    let listed = found.into_iter().filter_map(|meta| {
                        let name = meta.location.as_ref().strip_prefix(&*self.prefix)?;
                        Some(Listed {
                            name: name.to_owned(),
                            bytes: meta.size,
                            modified: meta.last_modified.timestamp_millis(),
                        })
                    });
                    return Ok(listed.collect());
                }
                Ok(Err(error)) => Failure::of(&error),
                Err(_) => Failure::timed_out(),
            };
            if failure.class == Class::Absent {
                // A directory that is not there.
                return Ok(Vec::new());
            }
            if !failure.may_pass() || !tries.wait(&self.counters).await {
                return Err(failure);
            }
        }
    }
}

/// The tries of one request, and the time that is left for them.
struct Tries {
    patience: Patience,
    until: Instant,
    wait: Duration,
}

impl Tries {
    fn new(patience: Patience) -> Self {
        Self {
            patience,
            until: Instant::now() + patience.total,
            wait: patience.first_wait,
        }
    }

    /// The time for the next try.
    fn attempt(&self) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        self.patience.attempt.min(left)
    }

    /// Waits before the next try. Returns whether there is time for one.
    async fn wait(&mut self, counters: &Counters) -> bool {
        // Drawn from the upper half, so that those who collided come apart.
        let draw = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        let wait = self.wait.mul_f64(0.5 + draw / 2.0);
        if Instant::now() + wait >= self.until {
            return false;
        }
        counters.add(Counter::Retries, 1);
        sleep(wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        true
    }
}
