//! All nodes of the JavaScript LeanIMT, in the JSON of its `export()`.

use alloc::{string::String, vec::Vec};
use rotortree_hasher::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lean_imt::BigInt;
use crate::LeanImtNodes;

/// A hash as a big-endian number in decimal, as `toString()` of a `BigInt` writes it.
struct Decimal<'a>(&'a Hash);

impl Serialize for Decimal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&decimal(self.0))
        } else {
            self.0.serialize(serializer)
        }
    }
}

/// Divides by ten, digit after digit; a hash has at most 78.
fn decimal(hash: &Hash) -> String {
    let mut number = *hash;
    let mut digits = Vec::new();
    while number != [0; 32] || digits.is_empty() {
        let mut rest = 0;
        for byte in &mut number {
            let part = rest << 8 | u16::from(*byte);
            // Below 256: the rest is below ten.
            (*byte, rest) = ((part / 10) as u8, part % 10);
        }
        digits.push(char::from(b'0' + rest as u8));
    }
    digits.iter().rev().collect()
}

impl Serialize for LeanImtNodes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let levels = self.levels.iter();
        let levels: Vec<Vec<Decimal<'_>>> = levels
            .map(|level| level.iter().map(Decimal).collect())
            .collect();
        levels.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LeanImtNodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let levels = Vec::<Vec<BigInt<true>>>::deserialize(deserializer)?.into_iter();
        let levels = levels
            .map(|level| level.into_iter().map(|number| number.0).collect())
            .collect();
        Ok(Self { levels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(low: &[u8]) -> Hash {
        let mut hash = [0; 32];
        hash[32 - low.len()..].copy_from_slice(low);
        hash
    }

    #[test]
    fn the_json_is_that_of_export_and_comes_back_without_loss() {
        let nodes = LeanImtNodes {
            levels: vec![vec![number(&[0]), number(&[1, 0])], vec![[0xff; 32]]],
        };
        let largest =
            "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        let json = format!(r#"[["0","256"],["{largest}"]]"#);
        assert_eq!(serde_json::to_string(&nodes).unwrap(), json);
        assert_eq!(serde_json::from_str::<LeanImtNodes>(&json).unwrap(), nodes);
        let hex = format!(r#"[["0x0","0x100"],["0x{}"]]"#, "fF".repeat(32));
        assert_eq!(serde_json::from_str::<LeanImtNodes>(&hex).unwrap(), nodes);
    }

    /// Whoever adds such a member would else keep the group from being read.
    #[test]
    fn a_number_of_64_decimal_digits_is_one_of_an_export() {
        let json = format!(r#"[["1{}","{}"]]"#, "0".repeat(63), "9".repeat(64));
        let nodes = serde_json::from_str::<LeanImtNodes>(&json).unwrap();
        assert_eq!(serde_json::to_string(&nodes).unwrap(), json);
        // With a letter, or a zero in front, they are hex.
        let hex = format!(r#"[["{}","{}"]]"#, "0a".repeat(32), "01".repeat(32));
        let nodes = serde_json::from_str::<LeanImtNodes>(&hex).unwrap();
        assert_eq!(nodes.levels, [[[0x0a; 32], [1; 32]]]);
    }

    #[test]
    fn what_is_no_number_of_32_bytes_is_refused() {
        for bad in ["1", r#"[["0x"]]"#, r#"[["0xg0"]]"#, r#"[["-1"]]"#, "[[1]]"] {
            assert!(serde_json::from_str::<LeanImtNodes>(bad).is_err(), "{bad}");
        }
        let short = serde_json::from_str::<LeanImtNodes>(r#"[["0x1g"]]"#).unwrap_err();
        assert!(short.to_string().contains("at byte 3 "), "{short}");
        let beyond = format!(r#"[["{}"]]"#, "9".repeat(80));
        assert!(serde_json::from_str::<LeanImtNodes>(&beyond).is_err());
    }
}
