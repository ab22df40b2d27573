//! Writes bytes from front to back.

use alloc::vec::Vec;
use rotortree_hasher::Hash;

use super::kind::{ENCODING_VERSION, Kind};

/// Bytes with a header in front.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Writes the header and makes room for `hashes` hashes and a few numbers.
    pub(crate) fn header(kind: Kind, arity: usize, hashes: usize) -> Self {
        let mut bytes = Vec::with_capacity(hashes * size_of::<Hash>() + 32);
        bytes.extend([kind as u8, ENCODING_VERSION]);
        let mut writer = Self(bytes);
        writer.number(arity as u64);
        writer
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(crate) fn hashes(&mut self, hashes: &[Hash]) {
        self.0.extend_from_slice(hashes.as_flattened());
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}
