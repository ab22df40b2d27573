//! The storage contract, role by role, over the parts of a [`Bucket`].

use std::{io, io::Read, sync::Arc, time::Duration};

use rotortree_store::{
    StorageError,
    storage::{
        FIRST_SEGMENT, Locator, MAX_HEADER_BYTES, Ownership, Part, Place, ReadAhead, Reads, Region,
        SegmentBytes, SegmentReader, SegmentWriter, Shard, Storage, UnitWriter, WriteError,
    },
};

use crate::{
    ObjectStorage,
    bucket::Bucket,
    claim, collector,
    log::{self, FENCE_BYTES, beginning::Beginning, reader::Reader},
    names,
    packs::{Ahead, PackWriter, View},
    requests::{Created, Listed},
};

/// Objects that are looked at to tell what a place holds.
const LOOKED_AT: usize = 1000;

impl ObjectStorage {
    fn owned(&self) -> Result<&Arc<Bucket>, WriteError> {
        self.bucket().map_err(WriteError::NotWritten)
    }
}

/// What a place without a manifest holds.
fn inspect_without_manifest(bucket: &Bucket) -> Result<Place, StorageError> {
    let listed = bucket.client.list("", LOOKED_AT)?;
    let kept_by_a_tree = [names::PACKS, names::INDEXES, names::FLOORS];
    let mut beyond = listed.iter().any(|object| {
        let is_below = |folder: &&str| object.name.starts_with(*folder);
        kept_by_a_tree.iter().any(is_below)
    });
    let pieces = bucket.client.list(names::LOG, usize::MAX)?;
    // A creation that did not come to its manifest may have been fenced.
    let is_group = |piece: &Listed| log::is_behind(piece) && piece.bytes != FENCE_BYTES;
    beyond |= pieces.iter().any(is_group);
    let segments = log::beginnings(&pieces);
    for (number, id) in &segments {
        let segment = bucket.log.with_id(*number, *id);
        let len = Reader::open(&bucket.log, segment)?.len();
        beyond |= *number != FIRST_SEGMENT || len > MAX_HEADER_BYTES;
    }
    let foreign = listed.iter().find(|object| !names::is_ours(&object.name));
    Ok(if beyond {
        Place::ManifestMissing {
            found: "a log or packs, but no manifest".into(),
        }
    } else if let Some(foreign) = foreign {
        Place::Foreign {
            found: format!("an object `{}`", foreign.name),
        }
    } else {
        Place::Vacant
    })
}

impl Storage for ObjectStorage {
    fn describe(&self) -> String {
        self.shown
            .strip_suffix('/')
            .unwrap_or(&self.shown)
            .to_owned()
    }

    fn name(&self, part: Part) -> String {
        match self.bucket() {
            Ok(bucket) => bucket.name(part),
            Err(_) => format!("{}, {part}", self.describe()),
        }
    }

    fn inspect(&self) -> Result<Place, StorageError> {
        let bucket = self.bucket()?;
        match bucket.manifests.newest() {
            Ok(Some(entry)) if entry.record.generation.is_some() => Ok(Place::Occupied),
            Ok(_) => match inspect_without_manifest(bucket)? {
                // It may have been created since, and what was found with it.
                Place::ManifestMissing { .. } if self.load_manifest()?.is_some() => {
                    Ok(Place::Occupied)
                }
                place => Ok(place),
            },
            // A damaged one is a manifest too, and reading it says what is wrong.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Place::Occupied),
            Err(error) => Err(error.into()),
        }
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        claim::acquire(self.bucket()?)
    }

    fn sweep(&self) -> Result<(), StorageError> {
        let bucket = self.bucket()?;
        // Beside a manifest, what a crash left is in the way of nothing until it is collected.
        if self.inspect()? == Place::Vacant {
            let epoch = bucket.tenure.epoch().unwrap_or(0);
            for (number, _) in bucket.log.live() {
                bucket.log.delete(number, epoch)?;
                bucket.log.forget(number);
            }
        }
        Ok(())
    }

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        self.bucket()?.segments()
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        let bucket = self.owned()?;
        match bucket
            .segment(number)
            .and_then(|segment| Reader::open(&bucket.log, segment))
        {
            Ok(_) => {
                let name = bucket.client.full_name(&names::segment(number));
                let text = format!("cannot create the segment {name}: there is one already");
                let taken = io::Error::new(io::ErrorKind::AlreadyExists, text);
                return Err(WriteError::NotWritten(taken));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(WriteError::NotWritten(error)),
        }
        let id = bucket
            .tenure
            .write(|epoch| Ok(bucket.tenure.new_id(epoch)))?;
        Ok(Box::new(Beginning::new(&bucket.log, number, id)))
    }

    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        let bucket = self.owned()?;
        bucket
            .tenure
            .write(|_| bucket.log.commit(segment, offset, group))
    }

    fn commit_mark(&self, _segment: u64, _offset: u64, _mark: &[u8]) -> Result<bool, WriteError> {
        // A write that is not waited for would be a whole request here.
        Ok(false)
    }

    fn readable_is_durable(&self) -> bool {
        // An object is there once it is stored, and a fence keeps earlier owners out.
        true
    }

    fn gather_time(&self) -> Duration {
        let bucket = self.bucket();
        bucket.map_or(Duration::ZERO, |bucket| bucket.log.gather_time())
    }

    fn read_segment(&self, number: u64) -> io::Result<SegmentReader> {
        let bucket = self.bucket()?;
        let segment = bucket.segment(number)?;
        Ok(Box::new(Reader::open(&bucket.log, segment)?))
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        let bucket = self.bucket()?;
        // Beside a manifest its objects stay for readers until they are collected.
        let is_named = bucket.manifests.known();
        let is_named = is_named.is_some_and(|entry| entry.record.generation.is_some());
        if bucket.log.forget(number).is_some() && !is_named {
            let epoch = bucket.tenure.epoch().unwrap_or(0);
            bucket.log.delete(number, epoch)?;
        }
        Ok(())
    }

    fn start_units(&self, with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        Ok(Box::new(PackWriter::new(self.bucket()?, with)))
    }

    fn region(
        &self,
        locator: &Locator,
        shard: Shard,
        units: u64,
        _reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        shard.check_view(units, self.settings.shard_chunks)?;
        let bucket = self.bucket()?;
        let index = if units == 0 {
            Arc::default()
        } else {
            bucket.packs.index(locator)?
        };
        if !index.has(shard, units) {
            let text = format!("no pack has all of the first {units} units of {shard}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        Ok(Arc::new(View::new(bucket, index, shard, units)))
    }

    fn read_units(
        &self,
        locator: &Locator,
        shard: Shard,
        first: u64,
        bytes: &mut [u8],
    ) -> io::Result<()> {
        shard.check_put(first, bytes.len(), self.settings.shard_chunks)?;
        let packs = &self.bucket()?.packs;
        let offset = first * shard.stream.unit_bytes() as u64;
        packs
            .source
            .read(&*packs.index(locator)?, shard, offset, bytes)
    }

    fn read_ahead(&self, locator: &Locator) -> Option<Arc<dyn ReadAhead>> {
        // Without an index every read tells why.
        let bucket = self.bucket().ok()?;
        let index = bucket.packs.index(locator).ok()?;
        Some(Arc::new(Ahead {
            bucket: Arc::clone(bucket),
            index,
        }))
    }

    fn verifies_on_open(&self) -> bool {
        // It would read the whole place.
        false
    }

    fn shard_chunks(&self) -> u64 {
        self.settings.shard_chunks
    }

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        let entry = self.bucket()?.manifests.newest()?;
        let record = entry.as_ref().map(|entry| &entry.record);
        let record = record.filter(|record| record.generation.is_some());
        Ok(record.map(|record| record.content.to_vec()))
    }

    fn is_in_force(&self, generation: u64, head: &[u8]) -> io::Result<bool> {
        self.bucket()?.is_in_force(generation, head)
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let bucket = self.owned()?;
        bucket.commit(generation, bytes)?;
        collector::run_if_due(bucket);
        Ok(())
    }

    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String> {
        let client = &self.bucket()?.client;
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        let name = names::quarantined(label);
        let full_name = client.full_name(&name);
        match client
            .create(&name, bytes.into())
            .map_err(WriteError::into_io)?
        {
            Created::Ours => Ok(full_name),
            Created::Taken => {
                let other = format!("{full_name} holds other bytes");
                Err(io::Error::new(io::ErrorKind::AlreadyExists, other))
            }
        }
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.counters.tell(each);
    }

    fn release_idle(&self) {
        if let Ok(bucket) = self.bucket() {
            bucket.release_idle();
        }
    }
}
