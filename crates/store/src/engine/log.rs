//! [`LogWriter`]: the write end of the log. The newest segment, its end, and the step to the next
//! one.

use std::{io, mem};

use rotortree_hasher::Hash;
use rotortree_wal::{GroupBuffer, HeaderCopy, Position, SegmentHeader};

use crate::{
    chunk::CHUNK_BYTES,
    manifest::Manifest,
    recovery::beginning::{Beginning, BegunSegment},
    storage::{Storage, WriteError},
};

/// The identity of the tree in every segment's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) tree_id: [u8; 16],
    pub(crate) arity: u32,
    pub(crate) fingerprint: Hash,
}

/// The write end of the log. The one thread that holds it is the leader and does the log's I/O.
#[derive(Debug)]
pub(crate) struct LogWriter {
    pub(crate) identity: Identity,
    pub(crate) newest: NewestSegment,
    /// State after the last durable batch.
    pub(crate) durable: Position,
    /// Whether nothing on disk attests the last group yet.
    pub(crate) wants_mark: bool,
    /// Whether the backend keeps no file open for the log.
    pub(crate) is_resting: bool,
    /// Whether the last group ended within a batch.
    pub(crate) within_batch: bool,
    pub(crate) successor: Successor,
    /// The buffer that takes turns with the writer's.
    pub(crate) buffer: GroupBuffer,
}

/// The segment of the next number.
#[derive(Debug)]
pub(crate) enum Successor {
    Absent,
    /// One remains that no manifest names and that could not be removed.
    Leftover,
    /// It is the segment of this run, which has written nothing yet.
    Due(Box<Beginning>),
}

/// The segment that the log is written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewestSegment {
    /// Its header, which its successor and the manifest hold too.
    pub(crate) header: HeaderCopy,
    /// Bytes of older segments and of chunks that the log refers to: found at opening or written
    /// since.
    pub(crate) earlier: u64,
    /// Its length: the offset of the next group.
    pub(crate) offset: u64,
    /// The length up to which it is durable.
    pub(crate) durable_len: u64,
}

/// Random bytes: a salt that leaves cannot anticipate.
pub(crate) fn random_bytes<const LEN: usize>() -> io::Result<[u8; LEN]> {
    let mut bytes = [0; LEN];
    getrandom::fill(&mut bytes)
        .map_err(|error| io::Error::other(format!("the system's random source failed: {error}")))?;
    Ok(bytes)
}

pub(crate) fn random_salt() -> io::Result<u64> {
    random_bytes().map(u64::from_le_bytes)
}

impl Identity {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        Self {
            tree_id: manifest.tree_id,
            arity: manifest.arity,
            fingerprint: manifest.fingerprint,
        }
    }

    pub(crate) fn header(
        &self,
        number: u64,
        salt: u64,
        base: Position,
        attested: u64,
    ) -> SegmentHeader {
        SegmentHeader {
            tree_id: self.tree_id,
            salt,
            number,
            arity: self.arity,
            fingerprint: self.fingerprint,
            base,
            attested,
            copied: 0,
            previous: None,
            remains: 0,
        }
    }
}

impl LogWriter {
    /// The write end of a log that is idle in the state `durable`.
    pub(crate) fn new(
        identity: Identity,
        newest: NewestSegment,
        durable: Position,
        successor: Successor,
    ) -> Self {
        Self {
            identity,
            newest,
            durable,
            wants_mark: false,
            is_resting: true,
            within_batch: false,
            successor,
            buffer: GroupBuffer::new(durable.sequence + 1),
        }
    }

    /// Whether this run has written to the log, or is free to.
    pub(crate) fn has_begun(&self) -> bool {
        !matches!(self.successor, Successor::Due(_))
    }

    /// The header of a segment without records that continues from the durable position.
    pub(crate) fn next_header(&self) -> Result<SegmentHeader, WriteError> {
        let number = self.newest.header.number + 1;
        let salt = random_salt().map_err(WriteError::NotWritten)?;
        let attested = self.durable.sequence;
        Ok(SegmentHeader {
            previous: Some(self.newest.header),
            ..self.identity.header(number, salt, self.durable, attested)
        })
    }

    /// Creates the segment of this run, if the log has not begun.
    pub(crate) fn create_first(&self) -> Result<Option<BegunSegment>, WriteError> {
        match &self.successor {
            Successor::Due(beginning) => beginning.create_late(self.next_header()?).map(Some),
            Successor::Absent | Successor::Leftover => Ok(None),
        }
    }

    /// Continues in the first segment of this run, if the log has not begun.
    pub(crate) fn begin(&mut self, begun: &BegunSegment) {
        if let Successor::Due(beginning) = mem::replace(&mut self.successor, Successor::Absent) {
            self.enter_first(begun, &beginning);
            self.is_resting = false;
        }
    }

    /// Continues in the first segment of this run, which the manifest names, and removes the
    /// segments that it does not name any more.
    pub(crate) fn enter_first(&mut self, begun: &BegunSegment, beginning: &Beginning) {
        self.newest = NewestSegment {
            header: begun.header.copy(),
            earlier: self.bytes() - beginning.remove_replaced(begun),
            offset: begun.len,
            durable_len: begun.len,
        };
    }

    /// Writes and syncs a group of records up to `after`.
    pub(crate) fn commit(
        &mut self,
        storage: &dyn Storage,
        group: &mut GroupBuffer,
        after: Position,
    ) -> Result<(), WriteError> {
        let bytes = group.seal(self.newest.header.salt, self.durable.sequence, &after);
        storage.commit_group(self.newest.header.number, self.newest.offset, bytes)?;
        self.newest.offset += bytes.len() as u64;
        self.newest.durable_len = self.newest.offset;
        // Opening reads the chunks too.
        self.newest.earlier += group.chunk_count() * CHUNK_BYTES as u64;
        self.durable = after;
        self.wants_mark = true;
        self.is_resting = false;
        self.within_batch = group.next_sequence() - 1 != after.sequence;
        Ok(())
    }

    /// Attests everything durable, durably.
    pub(crate) fn attest(&mut self, storage: &dyn Storage) -> Result<(), WriteError> {
        let mark = self.attest_mark();
        storage.commit_group(self.newest.header.number, self.newest.offset, &mark)?;
        self.newest.offset += mark.len() as u64;
        self.newest.durable_len = self.newest.offset;
        self.wants_mark = false;
        self.is_resting = false;
        Ok(())
    }

    /// Attests the last group for readers, if it needs attestation: without a sync, or with one if
    /// the storage has no marks.
    pub(crate) fn mark(&mut self, storage: &dyn Storage) -> Result<(), WriteError> {
        if self.wants_mark && !self.within_batch {
            let mark = self.attest_mark();
            if storage.readable_is_durable() {
                // The storage shows readers the log as it is.
            } else if storage.commit_mark(self.newest.header.number, self.newest.offset, &mark)? {
                self.newest.offset += mark.len() as u64;
            } else {
                self.attest(storage)?;
            }
            self.wants_mark = false;
            self.is_resting = false;
        }
        Ok(())
    }

    /// A group without records, which attests everything durable.
    fn attest_mark(&self) -> Vec<u8> {
        let Position { sequence, .. } = self.durable;
        let mut group = GroupBuffer::new(sequence + 1);
        group
            .seal(self.newest.header.salt, sequence, &self.durable)
            .to_vec()
    }

    /// Bytes on disk: found at opening or written since.
    pub(crate) fn bytes(&self) -> u64 {
        self.newest.earlier + self.newest.offset
    }

    /// Creates the next segment, which continues from the durable position. The log goes on without
    /// it until a manifest names it.
    pub(crate) fn create_next(&mut self, storage: &dyn Storage) -> Result<NextSegment, WriteError> {
        let header = self.next_header()?;
        if matches!(self.successor, Successor::Leftover) {
            storage
                .remove_segment(header.number)
                .map_err(WriteError::NotWritten)?;
            self.successor = Successor::Absent;
        }
        let mut segment = storage.start_segment(header.number)?;
        let header = SegmentHeader {
            remains: segment.remains(),
            ..header
        };
        segment.write(&header.encode())?;
        Ok(NextSegment {
            header: header.copy(),
            len: segment.finish()?,
        })
    }

    /// Continues in a segment that the manifest names.
    pub(crate) fn enter(&mut self, next: NextSegment) {
        self.newest = NewestSegment {
            header: next.header,
            earlier: self.bytes(),
            offset: next.len,
            durable_len: next.len,
        };
        self.wants_mark = false;
        self.is_resting = false;
    }

    /// Removes a segment that no manifest names. The next records go to the end of this log. If a
    /// later segment continued from before them, they would be dead.
    pub(crate) fn discard(&mut self, storage: &dyn Storage, next: &NextSegment) {
        if storage.remove_segment(next.header.number).is_err() {
            self.successor = Successor::Leftover;
        }
    }
}

/// A segment without records that continues a log.
pub(crate) struct NextSegment {
    pub(crate) header: HeaderCopy,
    len: u64,
}

/// The place of the write end.
#[expect(
    clippy::large_enum_variant,
    reason = "one per tree, moved twice per sync; a box would be an allocation per sync"
)]
pub(super) enum WriteEnd {
    /// Free for the next leader.
    Free(LogWriter),
    /// Held by a leader.
    Led,
    /// Gone: the log failed, or the tree is closed. No thread leads any more.
    Gone,
}
