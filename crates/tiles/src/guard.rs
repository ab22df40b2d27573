//! [`Guard`]: the record of the newest head that a log may have signed.
//!
//! The record is made durable before the signature is made. A publisher signs no tree that does not
//! continue from it, so no two roots are ever signed for one size.

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeHead;
use sha2::{Digest, Sha256};

use crate::text;

/// Where a target has the record. Clients never ask for it.
pub const GUARD_PATH: &str = "guard";

/// The first line.
const VERSION: &str = "rotortree-tiles guard 1";

/// The newest head that may have been signed, and how far partial tiles have been collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    pub(crate) origin: String,
    pub(crate) head: TreeHead,
    pub(crate) collected: u64,
}

impl Guard {
    /// The record as lines; the last one is a checksum of those before it.
    ///
    /// ```text
    /// rotortree-tiles guard 1
    /// example.com/log                                  origin
    /// 300                                              size
    /// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     root
    /// 256                                              size up to which partial tiles are gone
    /// 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=     SHA-256 of the lines above
    /// ```
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Self {
            origin,
            head,
            collected,
        } = self;
        let root = text::encode(&head.rfc6962_root());
        let lines = format!("{VERSION}\n{origin}\n{}\n{root}\n{collected}\n", head.size);
        let checksum: Hash = Sha256::digest(&lines).into();
        format!("{lines}{}\n", text::encode(&checksum)).into_bytes()
    }

    /// Reads a record; `None` for anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let lines: Vec<&str> = std::str::from_utf8(bytes).ok()?.lines().collect();
        let &[_, origin, size, root, collected, _] = &lines[..] else {
            return None;
        };
        let guard = Self {
            origin: origin.to_owned(),
            head: TreeHead::from_rfc6962(text::number(size)?, text::hash(root)?).ok()?,
            collected: text::number(collected)?,
        };
        (guard.to_bytes() == bytes).then_some(guard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_no_changed_byte_is() {
        let guard = Guard {
            origin: "example.com/log".to_owned(),
            head: TreeHead {
                size: 300,
                root: [7; 32],
            },
            collected: 256,
        };
        let bytes = guard.to_bytes();
        assert_eq!(Guard::parse(&bytes), Some(guard));
        for at in 0..bytes.len() {
            assert_eq!(Guard::parse(&bytes[..at]), None);
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert_eq!(Guard::parse(&changed), None, "byte {at}, bit {bit}");
            }
        }
        let empty = Guard {
            origin: "o".to_owned(),
            head: TreeHead::EMPTY,
            collected: 0,
        };
        assert_eq!(Guard::parse(&empty.to_bytes()), Some(empty));
    }
}
