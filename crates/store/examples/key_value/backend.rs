//! [`KeyValueStorage`]: the storage contract over a key-value database, role by role.

use std::{
    io::{self, Read},
    sync::Arc,
};

use rotortree_store::{
    StorageError,
    chunk::SHARD_CHUNKS,
    storage::{
        FIRST_SEGMENT, Locator, MAX_HEADER_BYTES, Ownership, Place, Reads, Region, SegmentReader,
        SegmentWriter, Shard, Storage, UnitWriter, WriteError,
    },
};

use crate::{
    beginning::Beginning,
    database::{Change, Database, Lock},
    keys,
    views::{Segment, View},
};

/// A tree's place in a key-value database.
#[derive(Clone, Debug)]
pub(crate) struct KeyValueStorage {
    database: Database,
    shard_chunks: u64,
}

impl KeyValueStorage {
    /// The place that is all of `database`.
    pub(crate) fn new(database: Database) -> Self {
        Self::with_shard_chunks(database, SHARD_CHUNKS)
    }

    /// As [`new`](Self::new) with smaller shards, for the conformance suite.
    pub(crate) fn with_shard_chunks(database: Database, shard_chunks: u64) -> Self {
        Self {
            database,
            shard_chunks,
        }
    }

    /// The segments and where each ends.
    fn segments(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut segments: Vec<(u64, u64)> = Vec::new();
        for (key, len) in self.database.keys(keys::LOG)? {
            let Some((number, offset)) = keys::piece_place(&key) else {
                continue;
            };
            match segments.last_mut() {
                Some((last, end)) if *last == number => *end = offset + len,
                _ => segments.push((number, offset + len)),
            }
        }
        Ok(segments)
    }

    /// The end of a segment; `None` if there is no such segment.
    fn end(&self, number: u64) -> io::Result<Option<u64>> {
        let last = self.database.last(&keys::segment(number))?;
        Ok(last.and_then(|(key, len)| Some(keys::piece_place(&key)?.1 + len)))
    }
}

/// The place, owned.
#[derive(Debug)]
struct Owner {
    #[expect(dead_code, reason = "held for the lock that ends with it")]
    lock: Lock,
}

impl Ownership for Owner {}

fn refused(kind: io::ErrorKind, text: String) -> io::Error {
    io::Error::new(kind, text)
}

/// Units that are being put: the key of a unit says where it is.
struct Units<'a>(&'a KeyValueStorage);

impl UnitWriter for Units<'_> {
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        shard.check_put(first, bytes.len(), self.0.shard_chunks)?;
        let units = bytes.chunks_exact(shard.stream.unit_bytes());
        let changes = (first..)
            .zip(units)
            .map(|(index, bytes)| Change::Put(keys::unit(shard, index), bytes.to_vec()));
        self.0.database.write(changes.collect(), |_| Ok(()))
    }

    fn finish(self: Box<Self>) -> io::Result<Locator> {
        // Every batch was durable when it returned.
        Ok(Locator::default())
    }
}

impl Storage for KeyValueStorage {
    fn describe(&self) -> String {
        "key-value database".to_owned()
    }

    // --- the place ---

    fn inspect(&self) -> Result<Place, StorageError> {
        if self.database.get(keys::MANIFEST)?.is_some() {
            return Ok(Place::Occupied);
        }
        let segments = self.segments()?;
        let created =
            |(number, end): &(u64, u64)| *number == FIRST_SEGMENT && *end <= MAX_HEADER_BYTES;
        if segments.iter().all(created) && self.database.last(keys::UNITS)?.is_none() {
            return Ok(Place::Vacant);
        }
        Ok(Place::ManifestMissing {
            found: format!("{} log segments and no manifest", segments.len()),
        })
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        match self.database.lock() {
            Some(lock) => Ok(Box::new(Owner { lock })),
            None => Err(StorageError::FileLocked),
        }
    }

    fn sweep(&self) -> Result<(), StorageError> {
        // Batches are whole or absent, so that no crash leaves a part of anything; only a creation
        // has several steps.
        if self.inspect()? == Place::Vacant {
            self.remove_segment(FIRST_SEGMENT)?;
        }
        Ok(())
    }

    // --- log role ---

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        let segments = self.segments()?;
        Ok(segments.into_iter().map(|(number, _)| number).collect())
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        Ok(Box::new(Beginning::new(&self.database, number)))
    }

    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        let end = self.end(segment).map_err(WriteError::NotWritten)?;
        if end != Some(offset) {
            let text = match end {
                Some(end) => format!(
                    "cannot append to log segment {segment}: it ends at byte {end}, and the group is for byte {offset}"
                ),
                None => format!("cannot append to log segment {segment}: it is not there"),
            };
            return Err(WriteError::NotWritten(refused(
                io::ErrorKind::InvalidInput,
                text,
            )));
        }
        let change = Change::Put(keys::piece(segment, offset), group.to_vec());
        self.database
            .write(vec![change], |_| Ok(()))
            .map_err(WriteError::NotWritten)
    }

    fn commit_mark(&self, _segment: u64, _offset: u64, _mark: &[u8]) -> Result<bool, WriteError> {
        // A write that is not waited for would be a whole batch here.
        Ok(false)
    }

    fn readable_is_durable(&self) -> bool {
        // A batch is seen once it is durable, and not before.
        true
    }

    fn read_segment(&self, number: u64) -> io::Result<SegmentReader> {
        Ok(Box::new(Segment::open(&self.database, number)?))
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        let pieces = self.database.keys(&keys::segment(number))?;
        let changes = pieces.into_iter().map(|(key, _)| Change::Delete(key));
        self.database.write(changes.collect(), |_| Ok(()))
    }

    // --- chunk role ---

    fn start_units(&self, _with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        Ok(Box::new(Units(self)))
    }

    fn region(
        &self,
        _placement: &Locator,
        shard: Shard,
        units: u64,
        _reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        shard.check_view(units, self.shard_chunks)?;
        if let Some(last) = units.checked_sub(1)
            // What a caller views or reads was put without gaps; the last unit stands for all.
            && self.database.get(&keys::unit(shard, last))?.is_none()
        {
            let text = format!("cannot view {shard}: it has fewer than {units} units");
            return Err(refused(io::ErrorKind::UnexpectedEof, text));
        }
        Ok(Arc::new(View {
            database: self.database.clone(),
            shard,
            units,
        }))
    }

    fn shard_chunks(&self) -> u64 {
        self.shard_chunks
    }

    // --- manifest role ---

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        let value = self.database.get(keys::MANIFEST)?;
        Ok(value.map(|value| value[8..].to_vec()))
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let value = [&generation.to_be_bytes()[..], bytes].concat();
        let change = Change::Put(keys::MANIFEST.to_vec(), value);
        let mut fenced = false;
        let written = self.database.write(vec![change], |entries| {
            let there = entries
                .get(keys::MANIFEST)
                .and_then(|value| value.first_chunk());
            let there = there.map(|generation| u64::from_be_bytes(*generation));
            if there == generation.checked_sub(1) {
                return Ok(());
            }
            fenced = there.is_some_and(|there| there >= generation);
            let text = format!("cannot commit manifest {generation}: {there:?} is in force");
            Err(refused(io::ErrorKind::InvalidInput, text))
        });
        written.map_err(|error| {
            if fenced {
                WriteError::Fenced(error)
            } else {
                WriteError::NotWritten(error)
            }
        })
    }

    // --- keeping evidence ---

    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        let key = keys::quarantined(label);
        let name = key.escape_ascii().to_string();
        match self.database.get(&key)? {
            None => self
                .database
                .write(vec![Change::Put(key, bytes)], |_| Ok(()))?,
            Some(there) if there == bytes => {}
            Some(_) => {
                return Err(refused(
                    io::ErrorKind::AlreadyExists,
                    format!("cannot quarantine bytes: {label} holds other bytes"),
                ));
            }
        }
        Ok(name)
    }
}
