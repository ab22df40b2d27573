//! [`Signature`]: one signature line of a note.

use std::fmt;

use crate::text;

/// A signature line: the name and the ID of a key, and the bytes that it made. It prints as the
/// line, without the newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    /// A line of the key with this name and ID; `None` if the name cannot be that of a key or
    /// there are no bytes.
    #[must_use]
    pub fn new(name: impl Into<String>, id: u32, bytes: Vec<u8>) -> Option<Self> {
        let name = name.into();
        (is_key_name(&name) && !bytes.is_empty()).then_some(Self { name, id, bytes })
    }

    /// Reads a line without its newline.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = text::decode(encoded)?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        Self::new(name, u32::from_be_bytes(*id), bytes.to_vec())
    }

    /// Name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// ID of the key.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The bytes that the key made.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The POSIX time of a cosignature; the bytes of other signatures have none.
    #[must_use]
    pub fn timestamp(&self) -> Option<u64> {
        match self.bytes.len() {
            72 | 2428 => Some(u64::from_be_bytes(*self.bytes.first_chunk()?)),
            _ => None,
        }
    }

    /// Name and ID, which identify the key.
    pub(crate) fn key(&self) -> (&str, u32) {
        (&self.name, self.id)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes()[..], &self.bytes].concat();
        write!(f, "\u{2014} {} {}", self.name, text::encode(&bytes))
    }
}

/// Whether a key can have this name.
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c < ' ')
}
