//! [`Id`]: a name that is used once, for a pack, an index or the beginning of a segment.

use std::{
    fmt, io,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

/// Bytes of an id in an index or a locator.
pub(crate) const ID_BYTES: usize = 24;

/// The epoch tells whose it is, the session and the sequence tell it from every other: a session is
/// drawn at random, so two handles never make the same id, whatever they believe to own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
    pub(crate) session: u64,
}

impl Id {
    pub(crate) fn encode(self) -> [u8; ID_BYTES] {
        let mut bytes = [0; ID_BYTES];
        let fields = [self.epoch, self.sequence, self.session];
        for (bytes, field) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(fields) {
            *bytes = field.to_le_bytes();
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; ID_BYTES]) -> Self {
        let mut fields = [0; 3];
        for (field, bytes) in fields.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *field = u64::from_le_bytes(*bytes);
        }
        let [epoch, sequence, session] = fields;
        Self {
            epoch,
            sequence,
            session,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            epoch,
            sequence,
            session,
        } = self;
        write!(f, "{epoch:020}-{sequence:010}-{session:016x}")
    }
}

impl FromStr for Id {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(());
        let id = Self {
            epoch: part()?.parse().map_err(drop)?,
            sequence: part()?.parse().map_err(drop)?,
            session: u64::from_str_radix(part()?, 16).map_err(drop)?,
        };
        // What does not print as it was read is no name of ours.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(())
        }
    }
}

/// Makes ids, each once.
#[derive(Debug)]
pub(crate) struct Ids {
    session: u64,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new() -> io::Result<Self> {
        let session = getrandom::u64().map_err(|error| {
            io::Error::other(format!("the system's random source failed: {error}"))
        })?;
        Ok(Self {
            session,
            next: AtomicU64::new(0),
        })
    }

    pub(crate) fn session(&self) -> u64 {
        self.session
    }

    /// The next id of `epoch`.
    pub(crate) fn next(&self, epoch: u64) -> Id {
        Id {
            epoch,
            sequence: self.next.fetch_add(1, Ordering::Relaxed),
            session: self.session,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_sorts_by_epoch_and_sequence() {
        let ids = Ids::new().unwrap();
        let [first, second, third] = [ids.next(9), ids.next(10), ids.next(10)];
        for id in [first, second, third] {
            assert_eq!(Id::decode(&id.encode()), id);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert!(first < second && second < third);
        assert!(first.to_string() < second.to_string());
        for other in ["", "1-2-3", "x", "00000000000000000001-0000000001"] {
            assert_eq!(other.parse::<Id>(), Err(()), "{other}");
        }
    }
}
