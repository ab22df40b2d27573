//! The spellings that notes, checkpoints and requests share: base64 and decimal numbers.

use base64::{Engine, engine::general_purpose::STANDARD};
use rotortree_hasher::Hash;

/// Standard base64 with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of canonical base64: one spelling for each.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A hash in base64.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    decode(text)?.try_into().ok()
}

/// A decimal number without a sign and leading zeros.
pub(crate) fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_spelling() {
        assert_eq!(decode("AA=="), Some(vec![0]));
        for text in ["AA", "AA=", "AB==", "AA==\n", " AA==", "A_==", "AA==AA=="] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for text in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "18446744073709551616",
        ] {
            assert_eq!(number(text), None, "{text:?}");
        }
        assert_eq!(hash(&encode(&[7; 32])), Some([7; 32]));
        assert_eq!(hash(&encode(&[7; 31])), None);
    }
}
