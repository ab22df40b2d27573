//! Reads bytes from front to back.

use rotortree_hasher::Hash;

use super::{DecodeError, Kind, kind::ENCODING_VERSION};

/// Kind and N of encoded bytes, for callers that know neither. Reads the header only.
///
/// # Errors
/// [`DecodeError`] if the bytes do not start with a header.
pub fn peek_kind(bytes: &[u8]) -> Result<(Kind, usize), DecodeError> {
    let mut reader = Reader::new(bytes);
    let kind = reader.kind()?;
    Ok((kind, reader.arity()?))
}

/// The rest of the bytes, with its offset.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Reads a header and checks its kind and N.
    pub(crate) fn header(
        bytes: &'a [u8],
        expected: Kind,
        arity: usize,
    ) -> Result<Self, DecodeError> {
        let mut reader = Self::new(bytes);
        let found = reader.kind()?;
        if found != expected {
            return Err(DecodeError::WrongKind { expected, found });
        }
        let (expected, found) = (arity, reader.arity()?);
        if found != expected {
            return Err(DecodeError::WrongArity { expected, found });
        }
        Ok(reader)
    }

    pub(super) fn kind(&mut self) -> Result<Kind, DecodeError> {
        let [found, version] = *self.take::<2>()?;
        if ![found, version].iter().all(is_header_byte) {
            return Err(DecodeError::NotAnEncoding);
        }
        if version != ENCODING_VERSION {
            return Err(DecodeError::UnsupportedVersion { found: version });
        }
        Kind::ALL
            .into_iter()
            .find(|kind| *kind as u8 == found)
            .ok_or(DecodeError::UnknownKind { found })
    }

    pub(super) fn arity(&mut self) -> Result<usize, DecodeError> {
        let offset = self.offset;
        usize::try_from(self.number()?).map_err(|_| DecodeError::InvalidNumber { offset })
    }

    fn take<const LEN: usize>(&mut self) -> Result<&'a [u8; LEN], DecodeError> {
        let Some((taken, rest)) = self.bytes.split_first_chunk::<LEN>() else {
            return Err(DecodeError::Truncated {
                needed: (LEN - self.bytes.len()) as u64,
            });
        };
        self.bytes = rest;
        self.offset += LEN as u64;
        Ok(taken)
    }

    /// A varint of up to 64 bits in its shortest form.
    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        let offset = self.offset;
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take::<1>()?;
            let bits = u64::from(byte & 0x7f);
            let fits = bits << shift >> shift == bits;
            let shortest = byte != 0 || shift == 0;
            if !fits || !shortest {
                return Err(DecodeError::InvalidNumber { offset });
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DecodeError::InvalidNumber { offset })
    }

    /// Skips `count` varints and returns a reader over them. Fails at once if the rest is too
    /// short for so many.
    pub(crate) fn numbers(&mut self, count: u64) -> Result<Self, DecodeError> {
        self.at_least(count)?;
        let mut numbers = self.clone();
        for _ in 0..count {
            self.number()?;
        }
        numbers.bytes = &numbers.bytes[..numbers.bytes.len() - self.bytes.len()];
        Ok(numbers)
    }

    fn at_least(&self, len: u64) -> Result<(), DecodeError> {
        match len.checked_sub(self.bytes.len() as u64) {
            None | Some(0) => Ok(()),
            Some(needed) => Err(DecodeError::Truncated { needed }),
        }
    }

    pub(crate) fn hash(&mut self) -> Result<&'a Hash, DecodeError> {
        self.take::<32>()
    }

    /// Reads `count` hashes.
    pub(crate) fn hashes(&mut self, count: u64) -> Result<&'a [Hash], DecodeError> {
        let len = count.saturating_mul(32);
        self.at_least(len)?;
        // `len` is at most the length of a slice, so it did not saturate and fits in usize.
        let (hashes, rest) = self.bytes.split_at(len as usize);
        self.bytes = rest;
        self.offset += len;
        Ok(hashes.as_chunks::<32>().0)
    }

    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len() as u64 {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }
}

/// Whether this byte can be a kind or a version, now or later. No text contains such a byte, and it
/// is not the 0 of bytes that were never written.
fn is_header_byte(byte: &u8) -> bool {
    matches!(byte, 1..=8 | 14..=31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8]) -> Result<u64, DecodeError> {
        let mut reader = Reader::new(bytes);
        let number = reader.number()?;
        reader.finish()?;
        Ok(number)
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(number(&[0]).unwrap(), 0);
        assert_eq!(number(&[0x7f]).unwrap(), 127);
        assert_eq!(number(&[0x80, 1]).unwrap(), 128);
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(number(&most).unwrap(), u64::MAX);
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        for refused in [&[0x80, 0][..], &[0xff, 0x80, 0], &beyond, &[0x80; 11]] {
            assert!(matches!(
                number(refused),
                Err(DecodeError::InvalidNumber { offset: 0 })
            ));
        }
        assert!(matches!(
            number(&[0x80]),
            Err(DecodeError::Truncated { needed: 1 })
        ));
        assert!(matches!(
            number(&[1, 2]),
            Err(DecodeError::TrailingBytes { count: 1 })
        ));
    }

    #[test]
    fn counts_beyond_the_bytes_are_refused_before_anything_is_read() {
        assert!(matches!(
            Reader::new(&[0; 40]).hashes(u64::MAX),
            Err(DecodeError::Truncated { .. })
        ));
        assert!(matches!(
            Reader::new(&[0; 40]).hashes(2),
            Err(DecodeError::Truncated { needed: 24 })
        ));
        assert!(matches!(
            Reader::new(&[0; 40]).numbers(1 << 60),
            Err(DecodeError::Truncated { .. })
        ));
    }
}
