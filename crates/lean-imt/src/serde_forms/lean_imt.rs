//! The proof of the JavaScript LeanIMT, in the JSON of JavaScript programs.
//!
//! `JSON.stringify` refuses a `BigInt`, so programs write hashes in several forms: in decimal, as
//! `0x` and hex, as hex alone, with or without leading zeros after `0x`. This module reads all of
//! these and writes the one form of [`Hex`].

use alloc::{string::String, vec::Vec};
use core::fmt;
use rotortree_hasher::{Hash, Hex, HexError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Field;
use crate::LeanImtProof;

#[derive(Serialize)]
#[serde(rename = "LeanImtProof")]
struct Written {
    root: Hex,
    leaf: Hex,
    index: u64,
    siblings: Vec<Hex>,
}

#[derive(Deserialize)]
#[serde(rename = "LeanImtProof", deny_unknown_fields)]
struct Read {
    root: BigInt,
    leaf: BigInt,
    index: Index,
    siblings: Vec<BigInt>,
}

impl Serialize for LeanImtProof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Written {
            root: Hex(self.root),
            leaf: Hex(self.leaf),
            index: self.index,
            siblings: self.siblings.form(),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LeanImtProof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Read::deserialize(deserializer)?;
        let index = match form.index.0 {
            Some(index) => index,
            None if form.siblings.is_empty() => 0,
            None => {
                return Err(de::Error::custom(
                    "the index is null, which JSON writes for JavaScript's NaN: @zk-kit/lean-imt \
                     has this path for a \
                     tree of one leaf, but this proof has siblings",
                ));
            }
        };
        Ok(Self {
            root: form.root.0,
            leaf: form.leaf.0,
            index,
            siblings: form.siblings.into_iter().map(|sibling| sibling.0).collect(),
        })
    }
}

/// A hash that may be written as `0x` and fewer than 64 digits, as `toString(16)` of a
/// `BigInt` writes it. 64 decimal digits are refused, or read as decimal if the document is.
pub(super) struct BigInt<const IS_DECIMAL: bool = false>(pub(super) Hash);

impl<'de, const IS_DECIMAL: bool> Deserialize<'de> for BigInt<IS_DECIMAL> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(BigIntVisitor)
        } else {
            Hash::deserialize(deserializer).map(Self)
        }
    }
}

struct BigIntVisitor<const IS_DECIMAL: bool>;

impl<const IS_DECIMAL: bool> de::Visitor<'_> for BigIntVisitor<IS_DECIMAL> {
    type Value = BigInt<IS_DECIMAL>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number as a string: in decimal, or in hex with or without 0x")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let hex = match text.strip_prefix("0x") {
            // What is no digit is told at its place in the text.
            Some(digits)
                if (1..64).contains(&digits.len())
                    && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                let mut padded = String::from("0x");
                padded.extend(core::iter::repeat_n('0', 64 - digits.len()));
                padded.push_str(digits);
                padded.parse::<Hex>()
            }
            _ => match text.parse() {
                Err(HexError::Ambiguous) if IS_DECIMAL => Hex::from_decimal(text),
                hex => hex,
            },
        };
        hex.map(|hex| BigInt(hex.0)).map_err(E::custom)
    }
}

/// The packed path: a number, a number in a string, or `null`. `null` stands for `NaN`, the value
/// of `parseInt("", 2)`, with which `@zk-kit/lean-imt` (2.2.3, for example) computes a path
/// without steps.
struct Index(Option<u64>);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(IndexVisitor)
        } else {
            u64::deserialize(deserializer).map(|index| Self(Some(index)))
        }
    }
}

struct IndexVisitor;

impl de::Visitor<'_> for IndexVisitor {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the packed path as a number, or null without siblings")
    }

    fn visit_u64<E: de::Error>(self, index: u64) -> Result<Index, E> {
        Ok(Index(Some(index)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Index, E> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(index) if is_number => Ok(Index(Some(index))),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Index, E> {
        Ok(Index(None))
    }
}
