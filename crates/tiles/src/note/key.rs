//! [`PublicKey`]: verifies the signature lines of one key.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use super::{
    kind::KeyKind,
    message::message,
    scheme::Verifier,
    signature::{Signature, is_key_name},
};
use crate::text;

/// Why a text or bytes are not a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not spelled as a key.
    #[error("a key is `name+id+base64`, a secret one with `PRIVATE+KEY+` before it")]
    Spelling,
    /// The name cannot be that of a key.
    #[error("the name of a key is not empty and has neither spaces nor `+`")]
    Name,
    /// The ID is not that of name and key.
    #[error("the ID of the key is not that of its name and bytes")]
    Id,
    /// The key is of no known kind, or its bytes are not those of a key.
    #[error(
        "the key is no Ed25519 key for notes or cosignatures, and no ML-DSA-44 key for \
         cosignatures, which need the feature `ml-dsa`"
    )]
    Kind,
    /// The system has no randomness for a new key, or the file cannot be read.
    #[error("the key cannot be had: {0}")]
    Unavailable(String),
}

/// A public key with its name. It prints, and parses, in the form of Go's `note` package:
/// `name+id+base64`.
///
/// ```
/// use rotortree_tiles::{KeyKind, PublicKey};
///
/// let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// let key: PublicKey = text.parse()?;
/// assert_eq!((key.name(), key.kind()), ("PeterNeumann", KeyKind::Note));
/// assert_eq!(key.to_string(), text);
/// # Ok::<(), rotortree_tiles::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    id: u32,
    kind: KeyKind,
    key: Verifier,
}

impl PublicKey {
    /// The key of these bytes: 32 of Ed25519, 1,312 of ML-DSA-44.
    ///
    /// # Errors
    /// [`KeyError::Name`], [`KeyError::Kind`] for bytes that are no such key.
    pub fn new(name: impl Into<String>, kind: KeyKind, key: &[u8]) -> Result<Self, KeyError> {
        let name = name.into();
        if !is_key_name(&name) {
            return Err(KeyError::Name);
        }
        let verifier = Verifier::new(kind, key).ok_or(KeyError::Kind)?;
        let mut hash = Sha256::new();
        hash.update(&name);
        hash.update([b'\n', kind.byte()]);
        hash.update(key);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        Ok(Self {
            name,
            id: u32::from_be_bytes([a, b, c, d]),
            kind,
            key: verifier,
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Name and ID, which a signature line repeats.
    #[must_use]
    pub fn id(&self) -> (&str, u32) {
        (&self.name, self.id)
    }

    /// Whether both are one key, perhaps under two names.
    pub(crate) fn has_point_of(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Whether the line is of this key and holds for the text.
    #[must_use]
    pub fn verify(&self, text: &str, signature: &Signature) -> bool {
        if signature.key() != self.id() {
            return false;
        }
        let (time, bytes) = match (self.kind, signature.bytes().split_first_chunk()) {
            (KeyKind::Note, _) => (0, signature.bytes()),
            (_, Some((time, bytes))) => (u64::from_be_bytes(*time), bytes),
            (_, None) => return false,
        };
        let message = message(self.kind, &self.name, text, time);
        i64::try_from(time).is_ok()
            && message.is_some_and(|message| self.key.verify(&message, bytes))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()][..], &self.key.to_bytes()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, text::encode(&key))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, kind, id, bytes) = parse_key(text)?;
        let key = Self::new(name, kind, &bytes)?;
        match key.id == id {
            true => Ok(key),
            false => Err(KeyError::Id),
        }
    }
}

/// Name, kind, ID and bytes of `name+id+base64`.
pub(super) fn parse_key(text: &str) -> Result<(&str, KeyKind, u32, Vec<u8>), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Spelling);
    };
    let number = u32::from_str_radix(id, 16).map_err(|_| KeyError::Spelling)?;
    if format!("{number:08x}") != id {
        return Err(KeyError::Spelling);
    }
    let bytes = text::decode(key).ok_or(KeyError::Spelling)?;
    let (kind, bytes) = bytes.split_first().ok_or(KeyError::Spelling)?;
    let kind = KeyKind::from_byte(*kind).ok_or(KeyError::Kind)?;
    Ok((name, kind, number, bytes.to_vec()))
}
