//! [`Bucket`]: what a handle shares with the views, readers and the lease that it gives out.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rotortree_store::{
    StorageError,
    manifest::Manifest,
    storage::{Locator, Part, WriteError},
};

use crate::{
    client::Client,
    id::{Id, Ids},
    log::{Log, Segment, reader},
    manifests::{Entry, Manifests},
    names,
    once::Once,
    packs::Packs,
    record::Record,
    settings::Settings,
};

/// The shortest time between two collections of an owner.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

/// A place below a prefix of an object store, as one handle sees it.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    pub(crate) client: Arc<Client>,
    pub(crate) manifests: Manifests,
    pub(crate) log: Arc<Log>,
    pub(crate) packs: Arc<Packs>,
    pub(crate) probed: Once,
    tenure: Mutex<Option<Tenure>>,
    /// The beginning of the last collection.
    collected_at: Mutex<Option<Instant>>,
}

/// The ownership through this handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tenure {
    epoch: u64,
    /// Another owner was met, or what a write did is not known: nothing more is written.
    is_over: bool,
}

impl Bucket {
    pub(crate) fn new(
        settings: Settings,
        client: Arc<Client>,
        log: Arc<Log>,
        packs: Arc<Packs>,
    ) -> io::Result<Self> {
        Ok(Self {
            settings,
            ids: Ids::new()?,
            manifests: Manifests::new(Arc::clone(&client)),
            client,
            log,
            packs,
            probed: Once::default(),
            tenure: Mutex::default(),
            collected_at: Mutex::default(),
        })
    }

    /// Refuses to go on in a forked child, where no thread answers and a lock may be held for ever.
    pub(crate) fn ensure_own_process(&self) -> io::Result<()> {
        if self.client.is_own_process() {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::BrokenPipe,
            StorageError::Closed,
        ))
    }

    fn tenure(&self) -> MutexGuard<'_, Option<Tenure>> {
        self.tenure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin_tenure(&self, epoch: u64) {
        *self.tenure() = Some(Tenure {
            epoch,
            is_over: false,
        });
    }

    pub(crate) fn end_tenure(&self, epoch: u64) {
        self.tenure().take_if(|tenure| tenure.epoch == epoch);
    }

    /// Whether this handle owns the place, as far as it knows.
    pub(crate) fn is_owner(&self) -> bool {
        self.tenure().is_some()
    }

    /// The epoch of names that are made now.
    pub(crate) fn epoch(&self) -> u64 {
        let owned = self.tenure().map(|tenure| tenure.epoch);
        let known = || self.manifests.known().map(|entry| entry.record.epoch);
        owned.or_else(known).unwrap_or(0)
    }

    /// A name that is used once.
    pub(crate) fn new_id(&self) -> Id {
        self.ids.next(self.epoch())
    }

    /// Whether the owner should collect now; the next time is a part of the grace later.
    pub(crate) fn collection_is_due(&self) -> bool {
        let mut last = self
            .collected_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // The first collection waits as well: a short life of an owner has none.
        let last = last.get_or_insert(now);
        let is_due = now.duration_since(*last) >= (self.settings.grace / 4).max(LEAST_INTERVAL);
        if is_due {
            *last = now;
        }
        is_due
    }

    /// Runs a write of the owner. A write that is fenced or in doubt is the last one.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(u64) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let refused = |text: &str| {
            let name = self.client.full_name("");
            let text = format!("cannot write to {name}: {text}");
            io::Error::new(io::ErrorKind::PermissionDenied, text)
        };
        let tenure = *self.tenure();
        let epoch = match tenure {
            None => {
                let text = "this handle does not own the place";
                return Err(WriteError::NotWritten(refused(text)));
            }
            Some(Tenure { is_over: true, .. }) => {
                let text = "an earlier write met another owner, or its outcome is not known; open \
                            the store again";
                return Err(WriteError::Fenced(refused(text)));
            }
            Some(tenure) => tenure.epoch,
        };
        let written = write(epoch);
        if let Err(WriteError::Fenced(_) | WriteError::InDoubt(_)) = &written
            && let Some(tenure) = &mut *self.tenure()
            && tenure.epoch == epoch
        {
            tenure.is_over = true;
        }
        written
    }

    /// The segment of a number, as the owner, the manifest or else the listing knows it.
    pub(crate) fn segment(&self, number: u64) -> io::Result<Arc<Segment>> {
        if self.is_owner() {
            let known = self.log.known(number);
            return known.ok_or_else(|| reader::missing(number));
        }
        let entry = match self.manifests.known() {
            Some(entry) => Some(entry),
            None => self.manifests.newest()?,
        };
        let segments = entry.as_ref().map(|entry| &entry.record.segments);
        let named = segments.and_then(|segments| {
            let index = segments.binary_search_by_key(&number, |(number, _)| *number);
            index.ok().map(|index| segments[index].1)
        });
        let is_vacant = entry
            .as_ref()
            .is_none_or(|entry| entry.record.generation.is_none());
        let id = match named {
            Some(id) => Some(id),
            None if is_vacant => {
                let found = self.log.find_beginnings()?;
                found
                    .into_iter()
                    .find(|found| found.0 == number)
                    .map(|found| found.1)
            }
            None => None,
        };
        if let Some(segments) = segments.filter(|_| !is_vacant) {
            self.log.keep_only(segments);
        }
        let id = id.ok_or_else(|| reader::missing(number))?;
        Ok(self.log.with_id(number, id))
    }

    /// The numbers of the segments that count.
    pub(crate) fn segments(&self) -> io::Result<Vec<u64>> {
        let live = if self.is_owner() {
            self.log.live()
        } else {
            match self.manifests.newest()? {
                Some(entry) if entry.record.generation.is_some() => entry.record.segments.clone(),
                _ => self.log.find_beginnings()?,
            }
        };
        Ok(live.into_iter().map(|(number, _)| number).collect())
    }

    /// Commits the manifest of a generation as the next object.
    pub(crate) fn commit(&self, generation: u64, content: &[u8]) -> Result<(), WriteError> {
        let newest = self.manifests.known();
        let there = newest.as_ref().and_then(|entry| entry.record.generation);
        let number = newest
            .as_ref()
            .map_or(0, |entry| entry.number.saturating_add(1));
        let name = names::manifest(number);
        if there != generation.checked_sub(1) {
            let text = format!(
                "cannot commit manifest {generation} as {}: {there:?} is in force",
                self.client.full_name(&name)
            );
            let error = io::Error::new(io::ErrorKind::InvalidInput, text);
            return Err(match there {
                Some(there) if there >= generation => WriteError::Fenced(error),
                _ => WriteError::NotWritten(error),
            });
        }
        self.write(|epoch| {
            if newest.is_some_and(|entry| entry.record.epoch != epoch) {
                return Err(self.client.fenced(&name));
            }
            let record = Record {
                epoch,
                session: self.ids.session(),
                // This owner fenced the log before it wrote anything.
                settled: epoch,
                heartbeat: self.settings.heartbeat,
                grace: self.settings.grace,
                generation: Some(generation),
                segments: self.log.live(),
                content: content.to_vec().into(),
            };
            match self.manifests.create(number, record)? {
                Some(_) => Ok(()),
                None => Err(self.client.fenced(&name)),
            }
        })
    }

    /// Whether the manifest of a generation is in force: one request.
    pub(crate) fn is_in_force(&self, generation: u64, head: &[u8]) -> io::Result<bool> {
        let newest = self.manifests.newest()?;
        Ok(newest.is_some_and(|entry| {
            let record = &entry.record;
            record.generation == Some(generation) && record.content.starts_with(head)
        }))
    }

    /// The manifest of the tree in an entry.
    pub(crate) fn decode(&self, entry: &Entry) -> Result<Manifest, StorageError> {
        Manifest::decode(&self.name(Part::Manifest), &entry.record.content)
    }

    /// The locator that is in force now, for views that outlive the packs of theirs.
    pub(crate) fn newest_locator(&self) -> io::Result<Option<Locator>> {
        match self.manifests.newest()? {
            Some(entry) if entry.record.generation.is_some() => {
                let manifest = self.decode(&entry).map_err(io::Error::other)?;
                Ok(Some(manifest.locator))
            }
            _ => Ok(None),
        }
    }

    /// The object, or the folder of objects, that has a part of the store.
    pub(crate) fn name(&self, part: Part) -> String {
        let name = match part {
            Part::Manifest => match self.manifests.known() {
                Some(entry) => names::manifest(entry.number),
                None => names::MANIFESTS.to_owned(),
            },
            Part::Log => names::LOG.to_owned(),
            Part::Segment(number) => names::segment(number),
            other => return format!("{}{} ({other})", self.client.full_name(""), names::PACKS),
        };
        self.client.full_name(&name)
    }
}
