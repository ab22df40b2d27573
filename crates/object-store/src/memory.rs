//! [`Memory`]: bytes of objects that were read, the ones used last, bounded.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use crate::id::Id;

/// An object and where in it the bytes begin.
type Key = (Id, u64);

/// A bounded cache. Objects never change, so nothing in it is ever out of date.
#[derive(Debug)]
pub(crate) struct Memory {
    most_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Key, (Bytes, u64)>,
    /// The entries by the time of their last use.
    uses: BTreeMap<u64, Key>,
    bytes: usize,
    clock: u64,
}

impl Memory {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self {
            most_bytes,
            kept: Mutex::default(),
        }
    }

    /// The most bytes that are kept.
    pub(crate) fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    pub(crate) fn get(&self, id: Id, offset: u64) -> Option<Bytes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept {
            entries,
            uses,
            clock,
            ..
        } = &mut *kept;
        let (bytes, used) = entries.get_mut(&(id, offset))?;
        uses.remove(used);
        *clock += 1;
        *used = *clock;
        uses.insert(*clock, (id, offset));
        Some(bytes.clone())
    }

    /// Keeps a copy of bytes, unless they alone would take more than a part of the room.
    pub(crate) fn keep(&self, id: Id, offset: u64, bytes: &[u8]) {
        if bytes.len() > self.most_bytes / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove((id, offset));
        while kept.bytes + bytes.len() > self.most_bytes
            && let Some((_, oldest)) = kept.uses.first_key_value()
        {
            let oldest = *oldest;
            kept.remove(oldest);
        }
        kept.clock += 1;
        let now = kept.clock;
        kept.bytes += bytes.len();
        kept.uses.insert(now, (id, offset));
        let entry = (Bytes::copy_from_slice(bytes), now);
        kept.entries.insert((id, offset), entry);
    }

    /// Gives the memory back.
    pub(crate) fn clear(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

impl Kept {
    fn remove(&mut self, key: Key) {
        if let Some((bytes, used)) = self.entries.remove(&key) {
            self.uses.remove(&used);
            self.bytes -= bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_used_last_stay_within_the_bound() {
        let id = |sequence| Id {
            epoch: 1,
            sequence,
            session: 1,
        };
        let memory = Memory::new(40);
        for sequence in 0..4 {
            memory.keep(id(sequence), 0, &[sequence as u8; 10]);
        }
        assert_eq!(memory.get(id(0), 0).as_deref(), Some(&[0; 10][..]));
        memory.keep(id(4), 0, &[4; 10]);
        assert_eq!(memory.get(id(1), 0), None, "the one used longest ago");
        assert_eq!(memory.get(id(0), 0).as_deref(), Some(&[0; 10][..]));
        memory.keep(id(5), 0, &[5; 11]);
        assert_eq!(memory.get(id(5), 0), None, "more than a quarter");
        memory.keep(id(4), 0, &[6; 8]);
        assert_eq!(memory.get(id(4), 0).as_deref(), Some(&[6; 8][..]));
        memory.clear();
        assert_eq!(memory.get(id(4), 0), None);
    }
}
