//! Hashes as text, at the speed of a disk.

use rotortree_lean_imt::Hash;

/// Hex digits of a hash.
pub const DIGITS: usize = 64;

/// The value of each byte that is a hex digit, and 0xff for the others.
const VALUES: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut byte = 0;
    while byte < 256 {
        values[byte] = match byte as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            digit @ b'A'..=b'F' => digit - b'A' + 10,
            _ => 0xff,
        };
        byte += 1;
    }
    values
};

/// The hash of 64 hex digits, or `None` if a byte is no digit.
#[must_use]
pub fn decode(digits: &[u8; DIGITS]) -> Option<Hash> {
    let mut hash = [0; 32];
    let mut wrong = 0;
    let (pairs, _) = digits.as_chunks::<2>();
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        *byte = high << 4 | low & 0x0f;
        wrong |= high | low;
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
    let value = |digit: u8| Some(VALUES[usize::from(digit)]).filter(|value| *value < 0x10);
    let byte = |[high, low]: &[u8; 2]| Some(value(*high)? << 4 | value(*low)?);
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
