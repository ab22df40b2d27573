//! [`Hex`]: a hash as text.
//!
//! It writes one form, and reads every spelling that is unambiguous.

use core::fmt;
use core::str::FromStr;

use crate::hash::Hash;

/// A [`Hash`](crate::Hash) that prints and parses as hex.
///
/// `Display` and `Debug` write one form: `0x` and 64 lower-case hex digits. `FromStr` reads
///
/// - `0x` and 64 hex digits of either case,
/// - the 64 hex digits alone,
/// - a decimal number below 2^256 without leading zeros, as JavaScript writes a `BigInt`: its 32
///   bytes are big-endian.
///
/// 64 decimal digits that do not start with 0 could be hex or decimal, and are refused: write `0x`
/// before hex, and read decimal with [`from_decimal`](Hex::from_decimal). The hex digits of one hash
/// in ten trillion look like that.
///
/// With the feature `serde`, human-readable formats have the same text, and other formats
/// the 32 bytes.
///
/// # Example
///
/// ```
/// use rotortree_hasher::Hex;
///
/// let mut hash = [0; 32];
/// hash[31] = 0xff;
/// let text = "0x00000000000000000000000000000000000000000000000000000000000000ff";
/// assert_eq!(Hex(hash).to_string(), text);
/// assert_eq!(format!("{:?}", Hex(hash)), text);
/// for spelling in [text, &text[2..], &text.to_uppercase(), "255"] {
///     assert_eq!(spelling.parse(), Ok(Hex(hash)));
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hex(pub Hash);

/// Why a text is not a hash.
///
/// ```
/// use rotortree_hasher::{Hex, HexError};
///
/// let short = "0x12ab".parse::<Hex>();
/// assert_eq!(short, Err(HexError::Length { found: 4 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HexError {
    /// The text has not 64 hex digits and is not a decimal number.
    Length {
        /// Number of characters after `0x`, or of the text without `0x`.
        found: usize,
    },
    /// A character is not a hex digit.
    Digit {
        /// Offset of the character in bytes.
        at: usize,
    },
    /// The decimal number is 2^256 or more.
    TooLarge,
    /// 64 decimal digits can be hex or a decimal number.
    Ambiguous,
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found } => write!(
                f,
                "a hash is 64 hex digits or a decimal number without leading zeros; this text has \
                 {found} characters"
            ),
            Self::Digit { at } => write!(f, "the character at byte {at} is not a hex digit"),
            Self::TooLarge => f.write_str("the decimal number does not fit in 32 bytes"),
            Self::Ambiguous => f.write_str(
                "64 decimal digits can be hex or a decimal number: write 0x and hex digits",
            ),
        }
    }
}

impl core::error::Error for HexError {}

impl Hex {
    /// Reads a number that is known to be decimal, also one of 64 digits.
    ///
    /// ```
    /// use rotortree_hasher::{Hex, HexError};
    ///
    /// let text = "1".repeat(64);
    /// assert_eq!(text.parse::<Hex>(), Err(HexError::Ambiguous));
    /// let number = Hex::from_decimal(&text)?;
    /// assert_eq!(number.0[..6], [0, 0, 0, 0, 0, 2]);
    /// # Ok::<(), HexError>(())
    /// ```
    ///
    /// # Errors
    /// [`HexError::Length`] for a text that is no decimal number without leading zeros,
    /// [`HexError::TooLarge`] from 2^256 on.
    pub fn from_decimal(text: &str) -> Result<Self, HexError> {
        if !is_decimal(text) {
            return Err(HexError::Length { found: text.len() });
        }
        from_decimal(text).map(Self)
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for Hex {
    fn from(hash: Hash) -> Self {
        Self(hash)
    }
}

impl From<Hex> for Hash {
    fn from(hex: Hex) -> Self {
        hex.0
    }
}

impl FromStr for Hex {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            return from_digits(digits, 2).map(Self);
        }
        match is_decimal(text) {
            true if text.len() == 64 => Err(HexError::Ambiguous),
            true => from_decimal(text).map(Self),
            false => from_digits(text, 0).map(Self),
        }
    }
}

/// Whether a text is a decimal number without leading zeros.
fn is_decimal(text: &str) -> bool {
    let is_padded = text.len() > 1 && text.starts_with('0');
    !text.is_empty() && !is_padded && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The hash of 64 hex digits that follow `skipped` bytes.
fn from_digits(text: &str, skipped: usize) -> Result<Hash, HexError> {
    if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
        return Err(HexError::Digit { at: skipped + at });
    }
    let length = HexError::Length { found: text.len() };
    let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| length)?;
    let (pairs, _) = digits.as_chunks::<2>();
    let value = |digit: u8| match digit {
        b'0'..=b'9' => digit - b'0',
        // A letter of either case: the check above refused every other character.
        _ => (digit | 0x20) - b'a' + 10,
    };
    let mut hash = [0; 32];
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = value(*high) << 4 | value(*low);
    }
    Ok(hash)
}

/// The hash of a decimal number.
fn from_decimal(text: &str) -> Result<Hash, HexError> {
    let mut hash = [0; 32];
    for digit in text.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in hash.iter_mut().rev() {
            carry += u16::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return Err(HexError::TooLarge);
        }
    }
    Ok(hash)
}

#[cfg(feature = "serde")]
mod serde_form {
    use core::fmt;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::Hex;
    use crate::hash::Hash;

    impl Serialize for Hex {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if serializer.is_human_readable() {
                serializer.collect_str(self)
            } else {
                self.0.serialize(serializer)
            }
        }
    }

    impl<'de> Deserialize<'de> for Hex {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if deserializer.is_human_readable() {
                deserializer.deserialize_str(TextVisitor)
            } else {
                Hash::deserialize(deserializer).map(Self)
            }
        }
    }

    struct TextVisitor;

    impl de::Visitor<'_> for TextVisitor {
        type Value = Hex;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("64 hex digits, with or without 0x, or a decimal number, as a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Hex, E> {
            text.parse().map_err(E::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{format, string::String, string::ToString};

    use super::*;

    fn parse(text: &str) -> Result<Hash, HexError> {
        text.parse().map(|hex: Hex| hex.0)
    }

    #[test]
    fn every_byte_is_written_and_read_back() {
        for byte in 0..=255u8 {
            let mut hash = [0xa5; 32];
            hash[usize::from(byte) % 32] = byte;
            let text = Hex(hash).to_string();
            assert_eq!(text.len(), 66);
            assert_eq!(parse(&text), Ok(hash));
            assert_eq!(parse(&text[2..]), Ok(hash), "letters tell it from a number");
            assert_eq!(parse(&text.to_uppercase()), Ok(hash));
        }
    }

    #[test]
    fn decimal_numbers_are_big_endian() {
        assert_eq!(parse("0"), Ok([0; 32]));
        let mut hash = [0; 32];
        hash[30..].copy_from_slice(&[1, 0]);
        assert_eq!(parse("256"), Ok(hash));
        let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(parse(most), Ok([0xff; 32]));
        let beyond =
            "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert_eq!(parse(beyond), Err(HexError::TooLarge));
        assert_eq!(parse(&"9".repeat(10_000)), Err(HexError::TooLarge));
        assert_eq!(parse("007"), Err(HexError::Length { found: 3 }));
    }

    #[test]
    fn sixty_four_decimal_digits_are_hex_only_where_they_cannot_be_a_number() {
        assert_eq!(parse(&"1".repeat(64)), Err(HexError::Ambiguous));
        assert_eq!(parse(&format!("0x{}", "1".repeat(64))), Ok([0x11; 32]));
        assert_eq!(parse(&"01".repeat(32)), Ok([1; 32]));
        assert!(parse(&"1".repeat(63)).is_ok() && parse(&"1".repeat(65)).is_ok());
    }

    #[test]
    fn a_number_that_is_known_to_be_decimal_may_have_any_digits() {
        let decimal = |text: &str| Hex::from_decimal(text).map(|hex| hex.0);
        for text in ["0", "256", &"9".repeat(63), &"9".repeat(65)] {
            assert_eq!(decimal(text), parse(text));
        }
        // 10^63 is ten times 10^62.
        let mut tenth = parse(&format!("1{}", "0".repeat(62))).unwrap();
        let mut carry = 0;
        for byte in tenth.iter_mut().rev() {
            carry += u16::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        assert_eq!(decimal(&format!("1{}", "0".repeat(63))), Ok(tenth));
        for text in ["", "0x1", "01", "-1", "1a", " 1"] {
            let found = text.len();
            assert_eq!(decimal(text), Err(HexError::Length { found }));
        }
        assert_eq!(decimal(&"9".repeat(78)), Err(HexError::TooLarge));
    }

    #[test]
    fn what_is_no_hash_is_refused_with_the_reason() {
        let digits = "ab".repeat(32);
        for (text, error) in [
            (String::new(), HexError::Length { found: 0 }),
            ("0x".into(), HexError::Length { found: 0 }),
            (digits[1..].into(), HexError::Length { found: 63 }),
            (format!("{digits}0"), HexError::Length { found: 65 }),
            (format!("0x0x{}", &digits[4..]), HexError::Digit { at: 3 }),
            (format!(" {digits}"), HexError::Digit { at: 0 }),
            (format!("{digits}\n"), HexError::Digit { at: 64 }),
            ("-1".into(), HexError::Digit { at: 0 }),
            ("+1".into(), HexError::Digit { at: 0 }),
            ("1é".into(), HexError::Digit { at: 1 }),
            ("1e5z".into(), HexError::Digit { at: 3 }),
        ] {
            assert_eq!(parse(&text), Err(error), "{text:?}");
        }
    }
}
