//! One hash: hex digits for people, bytes for machines.

use core::fmt;
use rotortree_hasher::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[derive(Clone, Copy)]
pub(super) struct HashForm(pub(super) Hash);

impl Serialize for HashForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let mut text = [0; 66];
            text[..2].copy_from_slice(b"0x");
            for (digits, byte) in text[2..].chunks_exact_mut(2).zip(self.0) {
                let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
                digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
            match core::str::from_utf8(&text) {
                Ok(text) => serializer.serialize_str(text),
                Err(error) => Err(serde::ser::Error::custom(error)),
            }
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for HashForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(HexVisitor)
        } else {
            Hash::deserialize(deserializer).map(Self)
        }
    }
}

struct HexVisitor;

impl de::Visitor<'_> for HexVisitor {
    type Value = HashForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x and 64 lower-case hex digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<HashForm, E> {
        parse(text)
            .map(HashForm)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

fn parse(text: &str) -> Option<Hash> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 64] = digits.try_into().ok()?;
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(hash)
}
