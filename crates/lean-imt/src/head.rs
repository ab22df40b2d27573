//! [`TreeHead`]: the size and root that a client trusts.

use alloc::vec::Vec;
use core::{fmt, slice, str::FromStr};
use rotortree_hasher::{Hash, Hasher, Hex, HexError};

use crate::{DecodeError, HashRole, Kind, TreeError, encoding, hex::debug_in_hex};

/// The size and the root of a tree. A client trusts a head, and a log signs it.
///
/// A root alone is not enough. Leaves carry no tag, and lifted nodes are not hashed again, so
/// one root belongs to trees of several sizes. The size prevents this forgery: the tree over
/// the two inner nodes of a tree of four leaves has the same root, and in that tree an inner
/// node is a leaf.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut honest = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// honest.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32]])?;
/// let head = honest.head().expect("the tree is not empty");
/// let snapshot = honest.snapshot();
/// let inner = [snapshot.get_node(1, 0)?, snapshot.get_node(1, 1)?];
///
/// // The forger's tree has two leaves, which the honest tree does not have.
/// let mut forged = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// forged.insert_many(&inner)?;
/// let proof = forged.snapshot().generate_proof(0)?;
///
/// assert!(proof.verify_root_only(&Blake3Hasher, &head.root)?, "the root does not tell");
/// assert!(proof.verify_against(&Blake3Hasher, head).is_err(), "the head does");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A head prints as its size and its root in [`Hex`], and parses from the same text. The size has
/// no sign and no leading zeros; the root may have any spelling that [`Hex`] reads:
///
/// ```
/// use rotortree_lean_imt::TreeHead;
///
/// let head = TreeHead { size: 300, root: [0xab; 32] };
/// let text = format!("300:0x{}", "ab".repeat(32));
/// assert_eq!(head.to_string(), text);
/// assert_eq!(text.parse(), Ok(head));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: u64,
    /// Root over the leaves; 32 zero bytes for the empty tree.
    pub root: Hash,
}

/// Why a text is not a head.
///
/// ```
/// use rotortree_lean_imt::{HeadError, TreeHead};
///
/// assert_eq!("300".parse::<TreeHead>(), Err(HeadError::NoColon));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// No colon stands between size and root.
    #[error("a head is a size, a colon and a root, and there is no colon")]
    NoColon,
    /// The text before the colon is not a number of leaves.
    #[error("the size of a head is a decimal number below 2^64 without leading zeros")]
    Size,
    /// The text after the colon is not a hash.
    #[error("the root of the head: {0}")]
    Root(HexError),
    /// Size 0 with a root other than the empty tree's.
    #[error("the root of a tree without leaves is 32 zero bytes")]
    RootOfNothing,
}

impl fmt::Display for TreeHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.size, Hex(self.root))
    }
}

debug_in_hex!([] TreeHead { size: plain, root: hash });

impl FromStr for TreeHead {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        let (size, root) = text.split_once(':').ok_or(HeadError::NoColon)?;
        let is_number = size.bytes().all(|byte| byte.is_ascii_digit());
        let is_padded = size.len() > 1 && size.starts_with('0');
        let head = Self {
            size: match size.parse() {
                Ok(size) if is_number && !is_padded => size,
                _ => return Err(HeadError::Size),
            },
            root: root.parse::<Hex>().map_err(HeadError::Root)?.0,
        };
        if head.size == 0 && head != Self::EMPTY {
            return Err(HeadError::RootOfNothing);
        }
        Ok(head)
    }
}

/// The first of the signed bytes, so that a signature over a head is not a signature over
/// anything else.
const SIGNING_CONTEXT: [u8; 16] = *b"rotortree/head/1";

impl TreeHead {
    /// The head of the empty tree.
    pub const EMPTY: Self = Self {
        size: 0,
        root: [0; 32],
    };

    /// Length of [`signing_bytes`](Self::signing_bytes).
    pub const SIGNING_LEN: usize = 96;

    /// The bytes to sign: the head together with N and the hash function, which give it its
    /// meaning.
    ///
    /// ```text
    ///  0..16  "rotortree/head/1"
    /// 16..24  N, little-endian
    /// 24..56  the hasher's fingerprint for N
    /// 56..64  size, little-endian
    /// 64..96  root
    /// ```
    ///
    /// `fingerprint` is [`Hasher::fingerprint`]`(arity)`. It costs O(N^2) hashes and never changes,
    /// so compute it once. A log signs durable heads only, because a signature outlives a crash.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, Hasher, LeanIMT, TreeHead};
    ///
    /// let fingerprint = Blake3Hasher.fingerprint(4);
    /// let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
    /// tree.insert([1; 32])?;
    /// let bytes = tree.head().expect("the tree is not empty").signing_bytes(4, &fingerprint);
    /// assert_eq!(bytes.len(), TreeHead::SIGNING_LEN);
    /// # Ok::<(), rotortree_lean_imt::TreeError>(())
    /// ```
    #[must_use]
    pub fn signing_bytes(&self, arity: usize, fingerprint: &Hash) -> [u8; Self::SIGNING_LEN] {
        let mut bytes = [0; Self::SIGNING_LEN];
        bytes[..16].copy_from_slice(&SIGNING_CONTEXT);
        bytes[16..24].copy_from_slice(&(arity as u64).to_le_bytes());
        bytes[24..56].copy_from_slice(fingerprint);
        bytes[56..64].copy_from_slice(&self.size.to_le_bytes());
        bytes[64..].copy_from_slice(&self.root);
        bytes
    }

    /// The head's encoding for trees of this N; see [`encoding`](crate::encoding).
    ///
    /// ```
    /// use rotortree_lean_imt::TreeHead;
    ///
    /// let head = TreeHead { size: 300, root: [7; 32] };
    /// let bytes = head.to_bytes(4);
    /// assert_eq!(TreeHead::from_bytes(&bytes, 4)?, head);
    /// assert!(TreeHead::from_bytes(&bytes, 2).is_err(), "it says whose head it is");
    /// # Ok::<(), rotortree_lean_imt::DecodeError>(())
    /// ```
    #[must_use]
    pub fn to_bytes(&self, arity: usize) -> Vec<u8> {
        let mut writer = encoding::Writer::header(Kind::Head, arity, 1);
        writer.number(self.size);
        if self.size > 0 {
            writer.hashes(slice::from_ref(&self.root));
        }
        writer.finish()
    }

    /// Decodes the head of a tree of this N.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not the encoding of one.
    pub fn from_bytes(bytes: &[u8], arity: usize) -> Result<Self, DecodeError> {
        let mut reader = encoding::Reader::header(bytes, Kind::Head, arity)?;
        let size = reader.number()?;
        let root = if size > 0 { *reader.hash()? } else { [0; 32] };
        reader.finish()?;
        Ok(Self { size, root })
    }

    /// Refuses a root that the hasher refuses. `index` is the number of the head among several.
    pub(crate) fn check<H: Hasher>(&self, hasher: &H, index: u64) -> Result<(), TreeError> {
        if *self == Self::EMPTY || hasher.check(&self.root) {
            Ok(())
        } else {
            Err(TreeError::RefusedHash {
                role: HashRole::Root,
                index,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_to_sign_name_everything_that_gives_a_head_its_meaning() {
        let head = TreeHead {
            size: 0x0102,
            root: [7; 32],
        };
        let bytes = head.signing_bytes(16, &[9; 32]);
        assert_eq!(&bytes[..16], b"rotortree/head/1");
        assert_eq!(bytes[16..24], [16, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[24..56], [9; 32]);
        assert_eq!(bytes[56..64], [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[64..], [7; 32]);
    }

    #[test]
    fn a_head_is_read_from_what_it_prints_and_from_nothing_that_says_less() {
        let root = "0x00000000000000000000000000000000000000000000000000000000000000ff";
        let head: TreeHead = std::format!("3:{root}").parse().unwrap();
        assert_eq!((head.size, head.root[31], head.root[30]), (3, 0xff, 0));
        assert_eq!(std::format!("{head}"), std::format!("3:{root}"));
        let debug = std::format!("TreeHead {{ size: 3, root: {root} }}");
        assert_eq!(std::format!("{head:?}"), debug);
        assert_eq!("3:255".parse(), Ok(head));
        assert_eq!("0:0".parse(), Ok(TreeHead::EMPTY));
        assert_eq!(TreeHead::EMPTY.to_string().parse(), Ok(TreeHead::EMPTY));
        for (text, error) in [
            ("", HeadError::NoColon),
            ("3", HeadError::NoColon),
            (":255", HeadError::Size),
            ("+3:255", HeadError::Size),
            ("03:255", HeadError::Size),
            (" 3:255", HeadError::Size),
            ("18446744073709551616:255", HeadError::Size),
            ("3:", HeadError::Root(HexError::Length { found: 0 })),
            ("3:0x12", HeadError::Root(HexError::Length { found: 2 })),
            ("3:1:2", HeadError::Root(HexError::Digit { at: 1 })),
            ("0:255", HeadError::RootOfNothing),
        ] {
            assert_eq!(text.parse::<TreeHead>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn every_head_has_one_encoding() {
        let head = TreeHead {
            size: 300,
            root: [7; 32],
        };
        let bytes = head.to_bytes(4);
        assert_eq!(bytes[..5], [1, 1, 4, 0xac, 2]);
        assert_eq!(TreeHead::from_bytes(&bytes, 4).unwrap(), head);
        assert!(matches!(
            TreeHead::from_bytes(&bytes, 2),
            Err(DecodeError::WrongArity {
                expected: 2,
                found: 4
            })
        ));
        assert_eq!(TreeHead::EMPTY.to_bytes(4), [1, 1, 4, 0]);
        assert_eq!(
            TreeHead::from_bytes(&[1, 1, 4, 0], 4).unwrap(),
            TreeHead::EMPTY
        );
        for len in 0..bytes.len() {
            assert!(matches!(
                TreeHead::from_bytes(&bytes[..len], 4),
                Err(DecodeError::Truncated { .. })
            ));
        }
        assert!(matches!(
            TreeHead::from_bytes(&[&bytes[..], &[0]].concat(), 4),
            Err(DecodeError::TrailingBytes { count: 1 })
        ));
        assert!(matches!(
            TreeHead::from_bytes(&[2, 1, 4, 0], 4),
            Err(DecodeError::WrongKind {
                expected: Kind::Head,
                found: Kind::Frontier
            })
        ));
        assert!(matches!(
            TreeHead::from_bytes(&[1, 2, 4, 0], 4),
            Err(DecodeError::UnsupportedVersion { found: 2 })
        ));
    }
}
