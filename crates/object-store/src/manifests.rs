//! [`Manifests`]: numbered objects, each created once, of which the newest is in force.
//!
//! The newest is found by one page of a listing, in which it sorts first, and by asking for the
//! next number from there on. The collector removes the oldest ones, always a run from 0 on, and
//! says so in a floor before: a number below it counts for nothing, since a creation that lands
//! late finds its name free again.

use std::{
    cmp::Ordering,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use rotortree_store::{
    StorageError,
    storage::{MAX_MANIFEST_BYTES, WriteError},
};

use crate::{
    client::{Client, damage},
    frame::{Kind, seal},
    names,
    record::Record,
    requests::Created,
};

/// The most bytes of a manifest object.
const MOST_BYTES: u64 = MAX_MANIFEST_BYTES + (1 << 20);
/// Names that one page of a listing holds.
const PAGE: usize = 1000;
/// Tries to find a manifest while others are committed and collected.
const FINDS: usize = 16;

/// A manifest object.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) record: Record,
}

/// The newest manifest that is known, and when it was the newest.
#[derive(Debug, Clone)]
struct Known {
    entry: Arc<Entry>,
    at: Instant,
    /// A machine that slept does not count the time with the other clock.
    wall: SystemTime,
}

impl Known {
    /// Whether the number behind it cannot have been collected yet.
    fn is_fresh(&self) -> bool {
        let half: Duration = self.entry.record.grace / 2;
        let wall = self.wall.elapsed();
        self.at.elapsed() < half && wall.is_ok_and(|passed| passed < half)
    }
}

/// The manifests of a place.
#[derive(Debug)]
pub(crate) struct Manifests {
    client: Arc<Client>,
    known: Mutex<Option<Known>>,
}

impl Manifests {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            known: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest manifest that was seen, without a request.
    pub(crate) fn known(&self) -> Option<Arc<Entry>> {
        self.lock().as_ref().map(|known| Arc::clone(&known.entry))
    }

    /// Forgets the newest one that was seen.
    pub(crate) fn forget(&self) {
        *self.lock() = None;
    }

    /// The manifest in force, the claim of an owner included. One request where nothing is new.
    pub(crate) fn newest(&self) -> io::Result<Option<Arc<Entry>>> {
        let (at, wall) = (Instant::now(), SystemTime::now());
        let known = self.lock().clone();
        let mut entry = match known {
            Some(known) if known.is_fresh() => known.entry,
            known => {
                let found = self.find()?;
                if let Some(known) = known {
                    self.ensure_kept(&known.entry, found.as_deref())?;
                }
                match found {
                    Some(entry) => entry,
                    None => return Ok(None),
                }
            }
        };
        while let Some(next) = entry.number.checked_add(1)
            && let Some(newer) = self.get(next)?
        {
            entry = newer;
        }
        Ok(Some(self.note(entry, at, wall)))
    }

    /// Refuses a place in which the newest manifest is not one that follows on what was the newest.
    fn ensure_kept(&self, known: &Entry, found: Option<&Entry>) -> io::Result<()> {
        let is_kept = found.is_some_and(|found| match found.number.cmp(&known.number) {
            Ordering::Less => false,
            Ordering::Equal => found.record.is_same(&known.record),
            Ordering::Greater => true,
        });
        if is_kept {
            return Ok(());
        }
        Err(damage(StorageError::DataCorruption {
            file: self.client.full_name(&names::manifest(known.number)),
            offset: 0,
            reason: "it is gone, or another one stands there: the place holds an older copy, or \
                     another history"
                .into(),
        }))
    }

    /// Notes what was the newest at a time, and returns the newest that is known by now.
    fn note(&self, entry: Arc<Entry>, at: Instant, wall: SystemTime) -> Arc<Entry> {
        let mut known = self.lock();
        match &*known {
            Some(known) if known.entry.number > entry.number => Arc::clone(&known.entry),
            _ => {
                let noted = Arc::clone(&entry);
                *known = Some(Known { entry, at, wall });
                noted
            }
        }
    }

    /// Looks for a manifest near the newest one, without any knowledge.
    fn find(&self) -> io::Result<Option<Arc<Entry>>> {
        for _ in 0..FINDS {
            let listed = self.client.list(names::MANIFESTS, PAGE)?;
            let numbers = listed
                .iter()
                .filter_map(|object| names::manifest_number(&object.name));
            let Some(newest) = numbers.max() else {
                return Ok(None);
            };
            if newest >= self.floor()?
                && let Some(entry) = self.get(newest)?
            {
                return Ok(Some(entry));
            }
        }
        let place = self.client.full_name(names::MANIFESTS);
        let busy = format!("{place}: a newer manifest came with each look; try again");
        Err(io::Error::new(io::ErrorKind::ResourceBusy, busy))
    }

    /// A manifest object, if it is there.
    pub(crate) fn get(&self, number: u64) -> io::Result<Option<Arc<Entry>>> {
        let name = names::manifest(number);
        let Some((kind, body)) = self.client.get_framed(&name, MOST_BYTES)? else {
            return Ok(None);
        };
        let record = Record::decode(&body).filter(|_| kind == Kind::Manifest);
        let record = record.ok_or_else(|| {
            damage(StorageError::DataCorruption {
                file: self.client.full_name(&name),
                offset: 0,
                reason: "it is no manifest object".into(),
            })
        })?;
        Ok(Some(Arc::new(Entry { number, record })))
    }

    /// The lowest number that counts.
    pub(crate) fn floor(&self) -> io::Result<u64> {
        let listed = self.client.list(names::FLOORS, PAGE)?;
        let floors = listed
            .iter()
            .filter_map(|object| names::floor_number(&object.name));
        Ok(floors.max().unwrap_or(0))
    }

    /// Says that manifests below `number` count for nothing, before they are removed. The floors
    /// before are removed; the highest one that was ever created stays.
    pub(crate) fn raise_floor(&self, number: u64) -> io::Result<()> {
        let listed = self.client.list(names::FLOORS, usize::MAX)?;
        let floors = listed
            .iter()
            .filter_map(|object| names::floor_number(&object.name));
        let floors: Vec<u64> = floors.collect();
        if floors.iter().all(|floor| *floor < number) {
            let name = names::floor(number);
            self.client
                .create_own(&name, Bytes::from_static(b"floor"))?;
        }
        for floor in floors.into_iter().filter(|floor| *floor < number) {
            self.client.delete(&names::floor(floor))?;
        }
        Ok(())
    }

    /// Creates the manifest object `number`. `None` if it is another's, or counts for nothing.
    pub(crate) fn create(
        &self,
        number: u64,
        record: Record,
    ) -> Result<Option<Arc<Entry>>, WriteError> {
        let (at, wall) = (Instant::now(), SystemTime::now());
        let name = names::manifest(number);
        let object: Bytes = seal(Kind::Manifest, &name, &record.encode());
        match self.client.create(&name, object)? {
            Created::Taken => return Ok(None),
            Created::Ours => {}
        }
        // The name may have been another's, collected since: then the floor is above it.
        if self.floor().map_err(WriteError::InDoubt)? > number {
            return Ok(None);
        }
        let entry = Arc::new(Entry { number, record });
        Ok(Some(self.note(entry, at, wall)))
    }
}
