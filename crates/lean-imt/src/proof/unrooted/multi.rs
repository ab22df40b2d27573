//! [`UnrootedMulti`].

use alloc::vec::Vec;
use core::fmt;
use rotortree_hasher::{Hash, Hasher};

use super::{
    check_hashes, check_len,
    parts::{leads_to_a_root, unrooted_parts},
};
use crate::{
    DecodeError, HashRole, Kind, TreeError, TreeHead, VerifyError,
    arity::assert_arity,
    encoding::{Reader, Writer},
    proof::{selection::Selection, walk},
};

unrooted_parts! {
    /// A proof of several leaves without its root, borrowing indices, leaves and hashes.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, UnrootedMulti};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]])?;
    /// let head = tree.head().expect("the tree is not empty");
    /// let bytes = tree.snapshot().generate_multiproof(&[1, 4])?.to_bytes()?;
    ///
    /// let proof = UnrootedMulti::<2>::from_bytes(&bytes)?;
    /// assert!(proof.indices().eq([1, 4]));
    /// assert_eq!(proof.leaves(), [[2; 32], [5; 32]]);
    /// proof.verify_against(&Blake3Hasher, head)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone)]
    pub struct UnrootedMulti {
        tree_size: u64 as plain,
        indices: Indices<'a> as plain,
        leaves: &'a [Hash] as hashes,
        hashes: &'a [Hash] as hashes,
    }

    /// The leaves, in the order of their indices.
    fn leaves() -> &'a [Hash];
    /// The claimed number of leaves of the tree.
    fn tree_size() -> u64;
    /// The given nodes, from the left.
    fn hashes() -> &'a [Hash];
}

leads_to_a_root!(UnrootedMulti);

/// Increasing indices, in memory or as encoded gaps.
#[derive(Clone)]
enum Indices<'a> {
    Listed(&'a [u64]),
    Encoded {
        /// The next index, or `None` at the end.
        next: Option<u64>,
        /// The gaps to the indices after it, less one each.
        gaps: Reader<'a>,
    },
}

impl fmt::Debug for Indices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl Iterator for Indices<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let next = self.peek()?;
        self.pass(1);
        Some(next)
    }
}

impl Selection for Indices<'_> {
    fn peek(&self) -> Option<u64> {
        match self {
            Self::Listed(indices) => indices.peek(),
            Self::Encoded { next, .. } => *next,
        }
    }

    fn pass(&mut self, count: u64) {
        match self {
            Self::Listed(indices) => indices.pass(count),
            Self::Encoded { next, gaps } => {
                for _ in 0..count {
                    // Decoding has read all gaps without an error, so the first failure
                    // is their end.
                    *next = match (*next, gaps.number()) {
                        (Some(index), Ok(gap)) => add_gap(index, gap),
                        _ => None,
                    };
                }
            }
        }
    }

    fn is_run(&self, start: u64, len: u64) -> bool {
        match self {
            Self::Listed(indices) => indices.is_run(start, len),
            Self::Encoded { .. } => false,
        }
    }
}

/// The index that is `gap + 1` after `index`.
fn add_gap(index: u64, gap: u64) -> Option<u64> {
    index.checked_add(gap)?.checked_add(1)
}

impl<'a, const N: usize> UnrootedMulti<'a, N> {
    /// Makes a proof from its parts: strictly increasing indices, the leaves there, and the given
    /// hashes from the left.
    ///
    /// # Errors
    /// [`TreeError::NoLeaves`], [`TreeError::IndicesNotIncreasing`],
    /// [`TreeError::IndexOutOfRange`], [`TreeError::InvalidProofLength`].
    pub fn new(
        tree_size: u64,
        indices: &'a [u64],
        leaves: &'a [Hash],
        hashes: &'a [Hash],
    ) -> Result<Self, TreeError> {
        check_indices(tree_size, indices)?;
        check_len(indices.len() as u64, leaves.len())?;
        check_len(walk::hash_count::<N>(tree_size, indices), hashes.len())?;
        Ok(Self {
            tree_size,
            indices: Indices::Listed(indices),
            leaves,
            hashes,
        })
    }

    /// Decodes a proof, which borrows from the bytes. Takes O(depth) time a leaf.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not the encoding of one.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::header(bytes, Kind::Multi, N)?;
        let tree_size = reader.number()?;
        let count = reader.number()?;
        if count == 0 {
            return Err(TreeError::NoLeaves.into());
        }
        let first = reader.number()?;
        let gaps = reader.numbers(count - 1)?;
        let mut last = first;
        let mut rest = gaps.clone();
        for _ in 1..count {
            let gap = rest.number()?;
            last = add_gap(last, gap).ok_or(TreeError::IndexOutOfRange {
                index: u64::MAX,
                size: tree_size,
            })?;
        }
        if last >= tree_size {
            return Err(DecodeError::Tree(TreeError::IndexOutOfRange {
                index: last,
                size: tree_size,
            }));
        }
        let indices = Indices::Encoded {
            next: Some(first),
            gaps,
        };
        let hashes = reader.hashes(walk::hash_count::<N>(tree_size, indices.clone()))?;
        let leaves = reader.hashes(count)?;
        reader.finish()?;
        Ok(Self {
            tree_size,
            indices,
            leaves,
            hashes,
        })
    }

    /// The proof's encoding; see [`encoding`](crate::encoding).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::header(Kind::Multi, N, self.leaves.len() + self.hashes.len());
        writer.number(self.tree_size);
        writer.number(self.leaves.len() as u64);
        let mut before = None;
        for index in self.indices() {
            writer.number(before.map_or(index, |before| index - before - 1));
            before = Some(index);
        }
        writer.hashes(self.hashes);
        writer.hashes(self.leaves);
        writer.finish()
    }

    /// The claimed indices of the leaves, increasing.
    pub fn indices(&self) -> impl Iterator<Item = u64> + 'a {
        self.indices.clone()
    }

    /// The root that follows from leaves and hashes. Takes one pass with a hash for each node above
    /// a leaf; O(N * depth) memory on the stack.
    ///
    /// # Errors
    /// [`TreeError::RefusedHash`].
    pub fn compute_root<H: Hasher>(&self, hasher: &H) -> Result<Hash, TreeError> {
        assert_arity::<H, N>();
        check_hashes(hasher, self.leaves, HashRole::Leaf)?;
        check_hashes(hasher, self.hashes, HashRole::Node)?;
        let indices = self.indices.clone();
        walk::root::<H, N>(hasher, self.tree_size, indices, self.leaves, self.hashes)
    }
}

/// Refuses indices that are empty, do not increase strictly, or exceed the tree.
pub(crate) fn check_indices(tree_size: u64, indices: &[u64]) -> Result<(), TreeError> {
    let Some(last) = indices.last() else {
        return Err(TreeError::NoLeaves);
    };
    if let Some(at) = indices.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(TreeError::IndicesNotIncreasing {
            position: at as u64 + 1,
        });
    }
    if *last >= tree_size {
        return Err(TreeError::IndexOutOfRange {
            index: *last,
            size: tree_size,
        });
    }
    Ok(())
}
