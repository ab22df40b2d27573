//! Hashes as text, at the speed of a disk.

use rotortree_lean_imt::Hash;

/// Hex digits of a hash.
pub const DIGITS: usize = 64;

/// The value of a hex digit, and 0xff for other bytes. Without a table, so that the compiler takes
/// many bytes at once.
const fn value(byte: u8) -> u8 {
    let (digit, letter) = (byte.wrapping_sub(b'0'), (byte | 0x20).wrapping_sub(b'a'));
    if digit < 10 {
        digit
    } else if letter < 6 {
        letter + 10
    } else {
        0xff
    }
}

/// The hash of 64 hex digits, or `None` if a byte is no digit.
#[must_use]
pub fn decode(digits: &[u8; DIGITS]) -> Option<Hash> {
    let values = digits.map(value);
    let wrong = values.iter().fold(0, |wrong, value| wrong | value);
    let mut hash = [0; 32];
    let (pairs, _) = values.as_chunks::<2>();
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = high << 4 | low;
    }
    // A digit's value has four bits.
    (wrong < 0x10).then_some(hash)
}

/// The bytes of `0x`, which may be left out, and any number of pairs of digits; `None` for other
/// text.
#[must_use]
pub fn decode_bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let (pairs, odd) = digits.as_chunks::<2>();
    let digit = |byte| Some(value(byte)).filter(|value| *value < 0x10);
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>();
    bytes.filter(|_| odd.is_empty())
}

/// The digits of each byte.
const PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 0x0f]];
        byte += 1;
    }
    pairs
};

/// `0x` and the digits of bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = vec![b'0'; 2 + 2 * bytes.len()];
    text[1] = b'x';
    let (pairs, _) = text[2..].as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = PAIRS[usize::from(*byte)];
    }
    // Digits are ASCII.
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rotortree_lean_imt::Hex;

    use super::*;

    #[test]
    fn every_byte_is_decoded_as_the_slow_reader_decodes_it() {
        for byte in 0..=u8::MAX {
            let hash = [byte; 32];
            let text = Hex(hash).to_string();
            assert_eq!(encode(&hash), text);
            assert_eq!(decode_bytes(&text), Some(hash.to_vec()));
            let digits: [u8; DIGITS] = text.as_bytes()[2..].try_into().unwrap();
            assert_eq!(decode(&digits), Some(hash));
            assert_eq!(
                decode(&digits.map(|digit| digit.to_ascii_uppercase())),
                Some(hash)
            );
        }
    }

    #[test]
    fn a_byte_that_is_no_digit_is_refused_wherever_it_stands() {
        for at in 0..DIGITS {
            for byte in 0..=u8::MAX {
                let mut digits = [b'a'; DIGITS];
                digits[at] = byte;
                assert_eq!(
                    decode(&digits).is_some(),
                    byte.is_ascii_hexdigit(),
                    "{byte} at {at}"
                );
            }
        }
        assert_eq!(decode_bytes("0x1"), None);
        assert_eq!(decode_bytes("0x1g"), None);
        assert_eq!(decode_bytes("0x"), Some(vec![]));
    }
}
