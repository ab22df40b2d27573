//! [`Bucket`]: what a handle shares with the views, readers and the lease that it gives out.

use std::{io, sync::Arc};

use rotortree_store::{
    StorageError,
    manifest::Manifest,
    storage::{Locator, Part, WriteError},
};

use crate::{
    client::{Client, damage},
    collector::schedule::Schedule,
    id::Id,
    log::{Log, Segment, reader},
    manifests::{Entry, Manifests},
    names,
    once::Once,
    packs::Packs,
    record::Record,
    settings::Settings,
    tenure::Tenure,
};

/// A place below a prefix of an object store, as one handle sees it.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) settings: Settings,
    pub(crate) client: Arc<Client>,
    pub(crate) manifests: Manifests,
    pub(crate) log: Arc<Log>,
    pub(crate) packs: Arc<Packs>,
    pub(crate) probed: Once,
    pub(crate) tenure: Tenure,
    pub(crate) collections: Schedule,
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
            manifests: Manifests::new(Arc::clone(&client)),
            client,
            log,
            packs,
            probed: Once::default(),
            tenure: Tenure::new()?,
            collections: Schedule::default(),
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

    /// Gives memory back. A handle that has claimed nothing forgets what it knows of the place too:
    /// if other objects stand there now, that leads nowhere.
    pub(crate) fn release_idle(&self) {
        self.packs.source.release();
        if self.probed.is_due() {
            self.manifests.forget();
            self.log.reset(&[]);
        }
    }

    /// Whether this handle owns the place, as far as it knows.
    fn is_owner(&self) -> bool {
        self.tenure.epoch().is_some()
    }

    /// A name of the owner, or of the last one that is known, that is used once.
    pub(crate) fn new_id(&self) -> Id {
        let known = || self.manifests.known().map(|entry| entry.record.epoch);
        let epoch = self.tenure.epoch().or_else(known);
        self.tenure.new_id(epoch.unwrap_or(0))
    }

    /// The segment of a number, as the owner, the manifest or else the listing knows it.
    pub(crate) fn segment(&self, number: u64) -> io::Result<Arc<Segment>> {
        let missing = || reader::missing(&self.log, &names::segment(number));
        if self.is_owner() {
            let known = self.log.known(number);
            return known.ok_or_else(missing);
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
        let id = id.ok_or_else(missing)?;
        Ok(self.log.with_id(number, id))
    }

    /// The manifest in force, held against the log: a claim carries its content on, also once the
    /// right one is back.
    ///
    /// # Errors
    /// `InvalidData` if it is not the last one that there was.
    pub(crate) fn newest(&self) -> io::Result<Option<Arc<Entry>>> {
        let mut newest = self.manifests.newest()?;
        while let Some(entry) = &newest
            && let Some(contradiction) = self.contradiction(entry)?
        {
            let newer = self.manifests.newest()?;
            // What a manifest names may be collected, and its log left, once it is not the newest.
            if newer
                .as_ref()
                .is_none_or(|newer| newer.number <= entry.number)
            {
                return Err(damage(contradiction));
            }
            newest = newer;
        }
        Ok(newest)
    }

    /// The error of a manifest that was put in the place of another, such as that of another tree,
    /// whose log is not there; and of one behind which others are missing. A segment that a
    /// manifest does not name has no group.
    fn contradiction(&self, entry: &Entry) -> io::Result<Option<StorageError>> {
        let Some((number, id)) = entry.record.segments.last() else {
            return Ok(None);
        };
        let full_name = |name: &str| self.client.full_name(name);
        let manifest = full_name(&names::manifest(entry.number));
        let segment = self.log.of(*number, *id);
        let (missing, reason) = if self.log.piece(&segment, 0)?.is_none() {
            let beginning = names::piece(*number, *id, 0);
            (
                beginning,
                format!("it is missing, although {manifest} names it"),
            )
        } else if let Some(group) = self.log.find_group_behind(*number)? {
            let group = full_name(&group);
            let next = names::manifest(entry.number.saturating_add(1));
            (
                next,
                format!("it is missing: {manifest} is an older one, and does not name {group}"),
            )
        } else {
            return Ok(None);
        };
        Ok(Some(StorageError::DataCorruption {
            file: full_name(&missing),
            offset: 0,
            reason,
        }))
    }

    /// The numbers of the segments that count.
    pub(crate) fn segments(&self) -> io::Result<Vec<u64>> {
        let live = if self.is_owner() {
            self.log.live()
        } else {
            match self.newest()? {
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
        self.tenure.write(|epoch| {
            if newest.is_some_and(|entry| entry.record.epoch != epoch) {
                return Err(self.client.fenced(&name));
            }
            let record = Record {
                epoch,
                session: self.tenure.session(),
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
