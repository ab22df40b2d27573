//! Numbers and hashes in paths, queries and bodies.

use std::fmt;

use rotortree::Hash;
use rotortree_proof_forms::hex;
use serde::{Deserialize, Deserializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::problem::Problem;

/// A number of 64 bits: digits alone in a path or query; in JSON also a number. Clients whose
/// numbers end at 2^53 send text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) u64);

impl Number {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The parser of integers takes a sign.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_plain).map(Self)
    }
}

/// All 64 bits: the schema of `u64` would end at 2^63. Text is not in the schema, so that clients
/// that are made from it have numbers.
impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::Custom("uint64".to_owned())))
            .minimum(Some(0_usize))
            .maximum(usize::try_from(u64::MAX).ok())
            .into()
    }
}

impl ToSchema for Number {}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 to 2^64 - 1, or its digits")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                Number::parse(text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A leaf or root as text: 64 hex digits, with or without `0x`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashText(pub(crate) Hash);

impl HashText {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        hex::decode(digits.try_into().ok()?).map(Self)
    }
}

impl PartialSchema for HashText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^(0x)?[0-9a-fA-F]{64}$"))
            .into()
    }
}

impl ToSchema for HashText {}

impl<'de> Deserialize<'de> for HashText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = HashText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hex digits behind 0x")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HashText, E> {
                HashText::parse(text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// A number in a path.
pub(crate) fn number(what: &str, text: &str) -> Result<u64, Problem> {
    let number = Number::parse(text).map(|Number(number)| number);
    number.ok_or_else(|| {
        Problem::bad(format_args!(
            "{what} is a number from 0 to 2^64 - 1 in digits, not `{}`",
            text.escape_debug()
        ))
    })
}

/// A leaf in a path.
pub(crate) fn leaf(text: &str) -> Result<Hash, Problem> {
    let hash = HashText::parse(text).map(|HashText(hash)| hash);
    hash.ok_or_else(|| {
        Problem::bad(format_args!(
            "a leaf is 64 hex digits behind 0x, not `{}`",
            text.escape_debug()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_nothing_else() {
        let parse = |text: &str| Number::parse(text).map(|Number(number)| number);
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
        for text in [
            "",
            "+1",
            "-1",
            " 1",
            "1 ",
            "0x1",
            "1e3",
            "18446744073709551616",
            "１",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_in_json_is_a_number_or_text() {
        let parse = |text: &str| serde_json::from_str::<Number>(text).map(|Number(n)| n).ok();
        assert_eq!(parse("7"), Some(7));
        assert_eq!(parse("\"18446744073709551615\""), Some(u64::MAX));
        for text in [
            "-1",
            "1.0",
            "1e3",
            "\"+1\"",
            "null",
            "[]",
            "18446744073709551616",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_hash_is_64_digits_with_or_without_0x() {
        let digits = "ab".repeat(32);
        let parse = |text: &str| HashText::parse(text).map(|HashText(hash)| hash);
        assert_eq!(parse(&digits), Some([0xab; 32]));
        assert_eq!(parse(&format!("0x{digits}")), Some([0xab; 32]));
        for text in [
            "",
            "0x",
            "0xab",
            &digits[1..],
            &format!("{digits}0"),
            &"g".repeat(64),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
