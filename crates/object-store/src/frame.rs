//! The frame around the bytes of an object: what it is, its version, and a checksum that covers its
//! name, so that neither a cut object nor one under another's name is believed.
//!
//! ```text
//! 0   magic "RTOB"     4
//! 4   version          2
//! 6   kind             1
//! 7   zero             1
//! 8   CRC-32C          4   of the bytes before it, the name below the prefix, and the body
//! 12  body
//! ```

use bytes::Bytes;
use rotortree_store::StorageError;

const MAGIC: [u8; 4] = *b"RTOB";
/// The version of all objects of a store.
pub(crate) const VERSION: u16 = 1;
/// Bytes before the body.
pub(crate) const HEADER_BYTES: usize = 12;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Manifest = 1,
    Piece = 2,
    Fence = 3,
    Index = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        let kinds = [Self::Manifest, Self::Piece, Self::Fence, Self::Index];
        kinds.into_iter().find(|kind| *kind as u8 == byte)
    }
}

fn checksum(head: &[u8], name: &str, body: &[u8]) -> [u8; 4] {
    let sum = crc32c::crc32c(head);
    let sum = crc32c::crc32c_append(sum, name.as_bytes());
    crc32c::crc32c_append(sum, body).to_le_bytes()
}

/// The object `name` with this body.
pub(crate) fn seal(kind: Kind, name: &str, body: &[u8]) -> Bytes {
    let mut object = Vec::with_capacity(HEADER_BYTES + body.len());
    object.extend_from_slice(&MAGIC);
    object.extend_from_slice(&VERSION.to_le_bytes());
    object.extend_from_slice(&[kind as u8, 0]);
    let sum = checksum(&object, name, body);
    object.extend_from_slice(&sum);
    object.extend_from_slice(body);
    object.into()
}

/// Kind and body of the object `name`, which errors call `full_name`.
///
/// # Errors
/// [`StorageError::UnsupportedFormat`] for a later version, [`StorageError::DataCorruption`] for
/// everything else that [`seal`] did not make under this name.
pub(crate) fn unseal(
    name: &str,
    full_name: &str,
    object: &Bytes,
) -> Result<(Kind, Bytes), StorageError> {
    let damaged = |reason: &str| StorageError::DataCorruption {
        file: full_name.to_owned(),
        offset: 0,
        reason: reason.to_owned(),
    };
    let Some(head) = object.first_chunk::<HEADER_BYTES>() else {
        return Err(damaged("it is shorter than the header of an object"));
    };
    if head[..4] != MAGIC {
        return Err(damaged("it is no object of this store: its magic differs"));
    }
    let version = u16::from_le_bytes([head[4], head[5]]);
    if version > VERSION {
        return Err(StorageError::UnsupportedFormat {
            file: full_name.to_owned(),
            found: u32::from(version),
            supported: u32::from(VERSION),
        });
    }
    let body = object.slice(HEADER_BYTES..);
    if head[8..] != checksum(&head[..8], name, &body) {
        return Err(damaged(
            "its checksum differs: it was cut or changed, or it stands under another's name",
        ));
    }
    match Kind::of(head[6]) {
        Some(kind) if version == VERSION => Ok((kind, body)),
        _ => Err(damaged("it is of no known kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_bit_every_cut_and_every_other_name_is_refused() {
        let object = seal(Kind::Piece, "log/1", b"a group");
        let (kind, body) = unseal("log/1", "log/1", &object).unwrap();
        assert_eq!((kind, &body[..]), (Kind::Piece, &b"a group"[..]));
        assert!(unseal("log/2", "log/2", &object).is_err());
        for bit in 0..object.len() * 8 {
            let mut changed = object.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                unseal("log/1", "log/1", &changed.into()).is_err(),
                "bit {bit}"
            );
        }
        for len in 0..object.len() {
            assert!(unseal("log/1", "log/1", &object.slice(..len)).is_err());
        }
    }

    #[test]
    fn a_later_version_is_named() {
        let mut object = seal(Kind::Manifest, "m", b"").to_vec();
        object[4] = 2;
        let error = unseal("m", "s3://b/m", &object.into()).unwrap_err();
        assert!(error.to_string().contains("s3://b/m has format version 2"));
    }
}
