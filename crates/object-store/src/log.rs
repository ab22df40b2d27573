//! [`Log`]: segments as chains of objects, each named by the offset at which it continues the one
//! before.
//!
//! One object at most is in flight. An owner that takes over puts a fence at the first free name,
//! and only then reads; whatever a stalled owner sends next meets the fence.

pub(crate) mod beginning;
pub(crate) mod reader;
mod segment;

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use rotortree_store::{StorageError, storage::WriteError};

pub(crate) use self::segment::{Piece, Segment};
use crate::{
    client::{Client, damage},
    frame::{HEADER_BYTES, Kind, seal},
    id::Id,
    memory::Memory,
    names,
    requests::{ABREAST, Created, Listed},
};

/// Bytes of a fence, which no piece has: groups are whole sectors.
pub(crate) const FENCE_BYTES: u64 = (HEADER_BYTES + 8) as u64;
/// Bytes in an object of a long beginning.
const PART_BYTES: usize = 8 << 20;
/// The longest that a group waits for the threads of the one before.
const MOST_GATHERING: Duration = Duration::from_millis(5);
/// No object of the log is longer.
const MOST_PIECE_BYTES: u64 = 1 << 30;

/// The beginnings in a listing of the log: the newest of each number, if its first object is there.
pub(crate) fn beginnings(pieces: &[Listed]) -> Vec<(u64, Id)> {
    let mut found = BTreeMap::<u64, Id>::new();
    for piece in pieces {
        if let Some((number, id, 0)) = names::piece_place(&piece.name) {
            let newest = found.entry(number).or_insert(id);
            *newest = id.max(*newest);
        }
    }
    found.into_iter().collect()
}

/// Whether this is a group, or the fence behind the last one: parts of a beginning stand at
/// multiples of their length.
pub(crate) fn is_behind(piece: &Listed) -> bool {
    let place = names::piece_place(&piece.name);
    place.is_some_and(|(.., offset)| !offset.is_multiple_of(PART_BYTES as u64))
}

/// The segments that a handle knows.
#[derive(Debug)]
pub(crate) struct Log {
    client: Arc<Client>,
    memory: Arc<Memory>,
    segments: Mutex<BTreeMap<u64, Arc<Segment>>>,
    /// Microseconds that the last group took.
    last_took: AtomicU64,
}

impl Log {
    pub(crate) fn new(client: Arc<Client>, memory: Arc<Memory>) -> Self {
        Self {
            client,
            memory,
            segments: Mutex::default(),
            last_took: AtomicU64::new(0),
        }
    }

    /// A sixteenth of the time that the last group took.
    pub(crate) fn gather_time(&self) -> Duration {
        let last = Duration::from_micros(self.last_took.load(Ordering::Relaxed));
        (last / 16).min(MOST_GATHERING)
    }

    fn segments(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Segment>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Knows these segments and no others.
    pub(crate) fn reset(&self, live: &[(u64, Id)]) {
        let segments = live.iter().map(|(number, id)| {
            let segment = Segment::new(*number, *id);
            (*number, Arc::new(segment))
        });
        *self.segments() = segments.collect();
    }

    /// The segments that are known, as a manifest names them.
    pub(crate) fn live(&self) -> Vec<(u64, Id)> {
        let segments = self.segments();
        segments
            .values()
            .map(|segment| (segment.number, segment.id))
            .collect()
    }

    /// A segment that is known.
    pub(crate) fn known(&self, number: u64) -> Option<Arc<Segment>> {
        self.segments().get(&number).cloned()
    }

    /// The segment with this beginning, with what is known of it already.
    pub(crate) fn with_id(&self, number: u64, id: Id) -> Arc<Segment> {
        let mut segments = self.segments();
        match segments.get(&number) {
            Some(segment) if segment.id == id => Arc::clone(segment),
            _ => {
                let segment = Arc::new(Segment::new(number, id));
                segments.insert(number, Arc::clone(&segment));
                segment
            }
        }
    }

    /// The segment with this beginning, without a change to what is known.
    pub(crate) fn of(&self, number: u64, id: Id) -> Arc<Segment> {
        let known = self.known(number).filter(|segment| segment.id == id);
        known.unwrap_or_else(|| Arc::new(Segment::new(number, id)))
    }

    /// Forgets the segments that a reader's manifest does not name any more.
    pub(crate) fn keep_only(&self, live: &[(u64, Id)]) {
        self.segments()
            .retain(|number, segment| live.contains(&(*number, segment.id)));
    }

    fn add(&self, segment: Segment) {
        self.segments().insert(segment.number, Arc::new(segment));
    }

    /// Forgets a segment. Its objects stay for readers until they are collected.
    pub(crate) fn forget(&self, number: u64) -> Option<Arc<Segment>> {
        self.segments().remove(&number)
    }

    /// The [`beginnings`] in the log.
    pub(crate) fn find_beginnings(&self) -> io::Result<Vec<(u64, Id)>> {
        Ok(beginnings(&self.client.list(names::LOG, usize::MAX)?))
    }

    /// The name of a group of a segment behind `number`, or of the fence behind the last one.
    pub(crate) fn find_group_behind(&self, number: u64) -> io::Result<Option<String>> {
        let behind = names::segment(number.saturating_add(1));
        let listed = self.client.list_from(names::LOG, &behind)?;
        let is_later = |piece: &Listed| {
            let place = names::piece_place(&piece.name);
            place.is_some_and(|(segment, ..)| segment > number) && is_behind(piece)
        };
        let found = listed.into_iter().find(is_later);
        Ok(found.map(|piece| piece.name))
    }

    /// Deletes a segment of a place without a manifest: the first object first, without which the
    /// others are no segment. What a later owner than `epoch` wrote stays: a stalled owner that
    /// wakes lists that too.
    pub(crate) fn delete(&self, number: u64, epoch: u64) -> io::Result<()> {
        let listed = self.client.list(&names::segment(number), usize::MAX)?;
        let mut pieces: Vec<_> = listed
            .iter()
            .filter_map(|object| {
                let (_, id, offset) = names::piece_place(&object.name)?;
                (id.epoch <= epoch).then_some((offset, &object.name))
            })
            .collect();
        pieces.sort_unstable();
        for (_, name) in pieces {
            self.client.delete(name)?;
        }
        Ok(())
    }

    /// Adds a group at the end of a segment.
    pub(crate) fn commit(&self, number: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        let segment = self.known(number);
        let end = segment.as_ref().map(|segment| segment.end());
        let (Some(segment), Some(true)) = (segment, end.map(|end| end == offset)) else {
            let name = self.client.full_name(&names::segment(number));
            let text = format!(
                "cannot append to {name}: it ends at {end:?}, and the group is for byte {offset}"
            );
            let misplaced = io::Error::new(io::ErrorKind::InvalidInput, text);
            return Err(WriteError::NotWritten(misplaced));
        };
        let name = names::piece(number, segment.id, offset);
        let object = seal(Kind::Piece, &name, group);
        let started = Instant::now();
        match self.client.create(&name, object)? {
            Created::Ours => {
                segment.push(Piece {
                    offset,
                    bytes: group.len() as u64,
                });
                let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
                self.last_took.store(took, Ordering::Relaxed);
                Ok(())
            }
            Created::Taken => Err(self.client.fenced(&name)),
        }
    }

    /// Follows a segment to its end, from the last object that is known.
    ///
    /// # Errors
    /// `InvalidData` for an object that is damaged, or missing although later ones are there.
    pub(crate) fn follow(&self, segment: &Segment) -> io::Result<()> {
        let _one = segment.following();
        if segment.is_fenced() {
            return Ok(());
        }
        let last_listed = if segment.end() == 0 {
            self.fetch_all(segment)?
        } else {
            None
        };
        loop {
            let offset = segment.end();
            match self.piece(segment, offset)? {
                None => break,
                Some((Kind::Piece, body)) if !body.is_empty() => segment.push(Piece {
                    offset,
                    bytes: body.len() as u64,
                }),
                Some((Kind::Fence, _)) => {
                    segment.set_fenced();
                    break;
                }
                Some(_) => return Err(self.damaged(segment, offset, "it is no group of the log")),
            }
        }
        match last_listed {
            Some(last) if last > segment.end() => Err(self.damaged(
                segment,
                segment.end(),
                "it is missing, although later groups of its segment are there",
            )),
            _ => Ok(()),
        }
    }

    fn damaged(&self, segment: &Segment, offset: u64, reason: &str) -> io::Error {
        let name = names::piece(segment.number, segment.id, offset);
        damage(StorageError::DataCorruption {
            file: self.client.full_name(&name),
            offset: 0,
            reason: reason.into(),
        })
    }

    /// Fetches the objects of a segment side by side into memory, as far as it holds them. Returns
    /// the offset of the last one.
    fn fetch_all(&self, segment: &Segment) -> io::Result<Option<u64>> {
        let folder = names::pieces(segment.number, segment.id);
        let listed = self.client.list(&folder, usize::MAX)?;
        let mut pieces: Vec<(u64, u64)> = listed
            .iter()
            .filter_map(|object| Some((names::piece_place(&object.name)?.2, object.bytes)))
            .collect();
        pieces.sort_unstable();
        let mut room = self.memory.most_bytes() as u64 / 2;
        let fit = pieces.iter().take_while(|(_, bytes)| {
            let fits = *bytes <= room;
            room = room.saturating_sub(*bytes);
            fits
        });
        let fit: Vec<u64> = fit.map(|(offset, _)| *offset).collect();
        for offsets in fit.chunks(4 * ABREAST).filter(|_| fit.len() > 1) {
            let wanted = offsets
                .iter()
                .map(|offset| (names::piece(segment.number, segment.id, *offset), None));
            let got = self.client.get_all(wanted.collect())?;
            for (offset, object) in offsets.iter().zip(got) {
                // What failed is asked for again when its turn comes, and told then.
                if let Ok(Some(object)) = object {
                    self.memory.keep(segment.id, *offset, &object);
                }
            }
        }
        Ok(pieces.last().map(|(offset, _)| *offset))
    }

    /// Kind and body of the object at `offset`; `None` if it is not there.
    pub(crate) fn piece(
        &self,
        segment: &Segment,
        offset: u64,
    ) -> io::Result<Option<(Kind, Bytes)>> {
        let name = names::piece(segment.number, segment.id, offset);
        if let Some(object) = self.memory.get(segment.id, offset) {
            return self.client.unseal(&name, &object).map(Some);
        }
        let Some(object) = self.client.get(&name, None, MOST_PIECE_BYTES)? else {
            return Ok(None);
        };
        let piece = self.client.unseal(&name, &object)?;
        self.memory.keep(segment.id, offset, &object);
        Ok(Some(piece))
    }

    /// Puts a fence behind a segment and knows the segment up to it. Pieces that a stalled owner
    /// wrote meanwhile are found and belong to the log. An earlier owner's fence is as good.
    pub(crate) fn fence(&self, number: u64, epoch: u64) -> Result<(), WriteError> {
        let Some(segment) = self.known(number) else {
            return Ok(());
        };
        loop {
            self.follow(&segment).map_err(WriteError::NotWritten)?;
            if segment.is_fenced() {
                return Ok(());
            }
            let name = names::piece(number, segment.id, segment.end());
            let fence = seal(Kind::Fence, &name, &epoch.to_le_bytes());
            if let Created::Ours = self.client.create(&name, fence)? {
                segment.set_fenced();
            }
        }
    }
}
