//! [`Record`]: what a manifest object holds around the manifest of the tree.
//!
//! ```text
//! epoch 8   session 8   settled 8   heartbeat, ms 8   grace, ms 8   generation + 1, or 0 8
//! segments 4   for each: number 8, id 24   the manifest of the tree
//! ```

use std::time::Duration;

use bytes::Bytes;

use crate::id::{ID_BYTES, Id};

/// Bytes before the segments.
const FIXED_BYTES: usize = 52;
/// Bytes of a segment.
const SEGMENT_BYTES: usize = 8 + ID_BYTES;

/// A manifest object's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The owner that made it.
    pub(crate) epoch: u64,
    /// The handle of that owner, so that two claims are never the same bytes.
    pub(crate) session: u64,
    /// Every earlier epoch is fenced: nothing of it lands in the log any more.
    pub(crate) settled: u64,
    /// The interval of the owner's signs of life.
    pub(crate) heartbeat: Duration,
    /// The time for which readers may rely on what an earlier manifest named.
    pub(crate) grace: Duration,
    /// Of the tree's manifest; `None` before the first one.
    pub(crate) generation: Option<u64>,
    /// The live segments of the log, ascending, each with the beginning that counts.
    pub(crate) segments: Vec<(u64, Id)>,
    pub(crate) content: Bytes,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Record {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let count = u32::try_from(self.segments.len()).unwrap_or(u32::MAX);
        let generation = self
            .generation
            .map_or(0, |generation| generation.saturating_add(1));
        let fields = [
            self.epoch,
            self.session,
            self.settled,
            millis(self.heartbeat),
            millis(self.grace),
            generation,
        ];
        let mut bytes: Vec<u8> = fields
            .iter()
            .flat_map(|field| field.to_le_bytes())
            .collect();
        bytes.extend_from_slice(&count.to_le_bytes());
        for (number, id) in &self.segments {
            bytes.extend_from_slice(&number.to_le_bytes());
            bytes.extend_from_slice(&id.encode());
        }
        bytes.extend_from_slice(&self.content);
        bytes
    }

    /// Whether both are one manifest. An owner may have settings that no record can hold exactly.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let made = |of: &Self| (of.epoch, of.session, of.generation);
        made(self) == made(other) && self.content == other.content
    }

    /// `None` for bytes that [`encode`](Self::encode) did not make.
    pub(crate) fn decode(body: &Bytes) -> Option<Self> {
        let fixed = body.first_chunk::<FIXED_BYTES>()?;
        let mut fields = fixed
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes));
        let mut field = || fields.next();
        let (epoch, session, settled) = (field()?, field()?, field()?);
        let (heartbeat, grace) = (field()?, field()?);
        let generation = field()?.checked_sub(1);
        let count = u32::from_le_bytes(*fixed.last_chunk()?) as usize;
        let end = FIXED_BYTES.checked_add(count.checked_mul(SEGMENT_BYTES)?)?;
        let segments = body.get(FIXED_BYTES..end)?.as_chunks::<SEGMENT_BYTES>().0;
        let segments = segments.iter().map(|bytes| {
            let number = u64::from_le_bytes(*bytes.first_chunk()?);
            Some((number, Id::decode(bytes.last_chunk()?)))
        });
        let segments = segments.collect::<Option<Vec<_>>>()?;
        let is_sorted = segments.is_sorted_by(|one, next| one.0 < next.0);
        is_sorted.then(|| Self {
            epoch,
            session,
            settled,
            heartbeat: Duration::from_millis(heartbeat),
            grace: Duration::from_millis(grace),
            generation,
            segments,
            content: body.slice(end..),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_a_cut_one_does_not() {
        let id = |sequence| Id {
            epoch: 7,
            sequence,
            session: 9,
        };
        let record = Record {
            epoch: 8,
            session: 9,
            settled: 7,
            heartbeat: Duration::from_millis(10_000),
            grace: Duration::from_secs(3600),
            generation: Some(3),
            segments: vec![(1, id(4)), (5, id(6))],
            content: Bytes::from_static(b"a manifest"),
        };
        let bytes = Bytes::from(record.encode());
        assert_eq!(Record::decode(&bytes), Some(record.clone()));
        let finer = Record {
            grace: record.grace + Duration::from_nanos(1),
            ..record.clone()
        };
        assert!(Record::decode(&finer.encode().into()).is_some_and(|read| read.is_same(&finer)));
        for len in 0..FIXED_BYTES + 2 * SEGMENT_BYTES {
            assert_eq!(Record::decode(&bytes.slice(..len)), None, "{len} bytes");
        }
        let first = Record {
            generation: None,
            segments: Vec::new(),
            content: Bytes::new(),
            ..record.clone()
        };
        assert_eq!(Record::decode(&first.encode().into()), Some(first));
        let unsorted = Record {
            segments: vec![(5, id(4)), (5, id(6))],
            ..record
        };
        assert_eq!(Record::decode(&unsorted.encode().into()), None);
    }
}
