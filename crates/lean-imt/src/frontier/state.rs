//! [`Frontier`]: a tree that appends and knows its root, but stores no nodes.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;
use rotortree_hasher::{Hash, Hasher, Hex};

use super::base::FrontierNodes;
use crate::{
    DecodeError, HashRole, Kind, MemoryNodes, TreeError, TreeHead,
    arity::assert_arity,
    encoding, geometry,
    right_edge::{NodeSink, RightEdge, Scratch},
    threads::Threads,
};

/// The right edge of a tree: it can append leaves and knows the root, but cannot prove anything.
///
/// A frontier has at most `N - 1` hashes a level; together they are as many as the base-`N` digit
/// sum of the size. It keeps no hasher: pass the same hasher to every call. A
/// [`LeanIMT`](crate::LeanIMT) can start from a frontier
/// ([`LeanIMT::from_frontier`](crate::LeanIMT::from_frontier)) and proves the leaves that it
/// appends itself.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, Frontier, LeanIMT};
///
/// let mut frontier = Frontier::<2, 32>::new();
/// frontier.append_many(&Blake3Hasher, &[[1; 32], [2; 32], [3; 32]])?;
/// let head = frontier.head().expect("the frontier is not empty");
/// let bytes = frontier.export();
///
/// // Elsewhere and later, with a trusted head:
/// let mut frontier = Frontier::<2, 32>::import(&bytes, &Blake3Hasher, head)?;
/// let root = frontier.append(&Blake3Hasher, [4; 32])?;
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// assert_eq!(tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32]])?, root);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Frontier<const N: usize, const MAX_DEPTH: usize> {
    edge: RightEdge<N>,
}

impl<const N: usize, const MAX_DEPTH: usize> Frontier<N, MAX_DEPTH> {
    const SHAPE: () = {
        assert!(N >= 2, "N, the branching factor, must be at least 2");
        assert!(
            MAX_DEPTH >= 1 && MAX_DEPTH <= 64,
            "MAX_DEPTH must be 1 to 64"
        );
    };

    /// The frontier of the empty tree. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        let () = Self::SHAPE;
        Self {
            edge: RightEdge::new(),
        }
    }

    pub(crate) fn from_edge(edge: RightEdge<N>) -> Self {
        Self { edge }
    }

    /// A node store that starts with these nodes, each of which the hasher works on, and has none
    /// below them.
    pub(crate) fn to_store<H: Hasher>(&self, hasher: &H) -> Result<MemoryNodes, TreeError> {
        refuse_hashes(hasher, self.hashes())?;
        let base = FrontierNodes::new(&self.edge);
        let lens = base.lens();
        Ok(MemoryNodes::over(Arc::new(base), &lens))
    }

    /// Makes the frontier of a tree of `size` leaves from its hashes, in the order of
    /// [`hashes`](Self::hashes). Computes at most one hash per level.
    ///
    /// Any hashes are the frontier of some tree: compare [`head`](Self::head) with a trusted head.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`]; [`TreeError::InvalidProofLength`] if the number of hashes
    /// is not the base-`N` digit sum of `size`; [`TreeError::RefusedHash`];
    /// [`TreeError::CapacityExceeded`].
    pub fn from_hashes<H: Hasher>(
        hasher: &H,
        size: u64,
        hashes: &[Hash],
    ) -> Result<Self, TreeError> {
        let () = Self::SHAPE;
        assert_arity::<H, N>();
        check_size::<N, MAX_DEPTH>(Some(size))?;
        check_hashes::<H, N>(hasher, size, hashes)?;
        let edge = RightEdge::rebuild(hasher, size, |spans| {
            let mut rest = hashes;
            for span in spans {
                let (above, group) = rest.split_at(rest.len() - span.nodes.len());
                span.nodes.copy_from_slice(group);
                rest = above;
            }
            Ok(())
        })?;
        Ok(Self { edge })
    }

    /// Appends one leaf and returns the new root. `depth` hashes.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`], [`TreeError::RefusedHash`],
    /// [`TreeError::CapacityExceeded`].
    pub fn append<H: Hasher>(&mut self, hasher: &H, leaf: Hash) -> Result<Hash, TreeError> {
        self.append_many(hasher, &[leaf])
    }

    /// Appends a batch and returns the root after its last leaf. About `n / (N - 1)` hashes
    /// for `n` leaves.
    ///
    /// # Errors
    /// [`TreeError::EmptyBatch`], and those of [`append`](Self::append).
    pub fn append_many<H: Hasher>(
        &mut self,
        hasher: &H,
        leaves: &[Hash],
    ) -> Result<Hash, TreeError> {
        assert_arity::<H, N>();
        if leaves.is_empty() {
            return Err(TreeError::EmptyBatch);
        }
        check_size::<N, MAX_DEPTH>(self.size().checked_add(leaves.len() as u64))?;
        if let Some(at) = leaves.iter().position(|leaf| !hasher.check(leaf)) {
            return Err(TreeError::RefusedHash {
                role: HashRole::Leaf,
                index: at as u64,
            });
        }
        let threads = Threads::DEFAULT;
        let scratch = &mut Scratch::default();
        self.edge
            .append_many(hasher, leaves, threads, scratch, &mut NodeSink::Discard)?;
        Ok(self.edge.root())
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root, or `None` while there are no leaves.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        (self.size() > 0).then(|| self.edge.root())
    }

    /// Size and root, or `None` while there are no leaves.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.root().map(|root| TreeHead {
            size: self.size(),
            root,
        })
    }

    /// The number of hash layers above the leaves.
    #[must_use]
    pub const fn depth(&self) -> usize {
        geometry::depth::<N>(self.size())
    }

    /// The hashes from the left: those of the highest level first. Their number is the base-`N`
    /// digit sum of the size.
    pub fn hashes(&self) -> impl Iterator<Item = &Hash> {
        (0..=self.depth())
            .rev()
            .flat_map(|level| self.edge.frontier(level))
    }

    /// The frontier's encoding, without the root; see [`encoding`](crate::encoding).
    #[must_use]
    pub fn export(&self) -> Vec<u8> {
        let count = geometry::digit_sum::<N>(self.size()) as usize;
        let mut writer = encoding::Writer::header(Kind::Frontier, N, count);
        writer.number(self.size());
        for level in (0..=self.depth()).rev() {
            writer.hashes(self.edge.frontier(level));
        }
        writer.finish()
    }

    /// Decodes a frontier and checks that it belongs to the tree with this head.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not the encoding of a frontier. Within
    /// [`DecodeError::Tree`]: [`TreeError::SizeMismatch`] and [`TreeError::RootMismatch`] for the
    /// frontier of another tree, and the errors of [`from_hashes`](Self::from_hashes).
    pub fn import<H: Hasher>(
        bytes: &[u8],
        hasher: &H,
        head: TreeHead,
    ) -> Result<Self, DecodeError> {
        let frontier = Self::import_untrusted(bytes, hasher)?;
        frontier.expect_head(head)?;
        Ok(frontier)
    }

    /// Refuses a frontier of another tree.
    pub(crate) fn expect_head(&self, head: TreeHead) -> Result<(), TreeError> {
        if self.size() != head.size {
            return Err(TreeError::SizeMismatch {
                expected: head.size,
                actual: self.size(),
            });
        }
        if self.head().unwrap_or(TreeHead::EMPTY) != head {
            return Err(TreeError::RootMismatch { size: head.size });
        }
        Ok(())
    }

    /// Decodes a frontier of any tree. The source of the bytes must be as trusted as a head would
    /// be, because any hashes are the frontier of some tree.
    ///
    /// # Errors
    /// As [`import`](Self::import), except for the mismatches.
    pub fn import_untrusted<H: Hasher>(bytes: &[u8], hasher: &H) -> Result<Self, DecodeError> {
        let mut reader = encoding::Reader::header(bytes, Kind::Frontier, N)?;
        let size = reader.number()?;
        let hashes = reader.hashes(geometry::digit_sum::<N>(size))?;
        reader.finish()?;
        Ok(Self::from_hashes(hasher, size, hashes)?)
    }
}

fn check_size<const N: usize, const MAX_DEPTH: usize>(size: Option<u64>) -> Result<(), TreeError> {
    match size {
        Some(size) if size <= geometry::max_size::<N>(MAX_DEPTH) => Ok(()),
        _ => Err(TreeError::MaxDepthExceeded {
            max_depth: MAX_DEPTH,
        }),
    }
}

/// Refuses hashes that cannot be the frontier of `size` leaves.
fn check_hashes<H: Hasher, const N: usize>(
    hasher: &H,
    size: u64,
    hashes: &[Hash],
) -> Result<(), TreeError> {
    let expected = geometry::digit_sum::<N>(size);
    if hashes.len() as u64 != expected {
        return Err(TreeError::InvalidProofLength {
            expected,
            actual: hashes.len() as u64,
        });
    }
    refuse_hashes(hasher, hashes)
}

/// Refuses nodes of a frontier that the hasher refuses.
fn refuse_hashes<'a, H: Hasher>(
    hasher: &H,
    hashes: impl IntoIterator<Item = &'a Hash>,
) -> Result<(), TreeError> {
    match hashes.into_iter().position(|hash| !hasher.check(hash)) {
        Some(at) => Err(TreeError::RefusedHash {
            role: HashRole::FrontierNode,
            index: at as u64,
        }),
        None => Ok(()),
    }
}

impl<const N: usize, const MAX_DEPTH: usize> Default for Frontier<N, MAX_DEPTH> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const MAX_DEPTH: usize> PartialEq for Frontier<N, MAX_DEPTH> {
    fn eq(&self, other: &Self) -> bool {
        self.head() == other.head() && self.hashes().eq(other.hashes())
    }
}

impl<const N: usize, const MAX_DEPTH: usize> Eq for Frontier<N, MAX_DEPTH> {}

impl<const N: usize, const MAX_DEPTH: usize> fmt::Debug for Frontier<N, MAX_DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frontier")
            .field("n", &N)
            .field("size", &self.size())
            .field("root", &self.root().map(Hex))
            .finish_non_exhaustive()
    }
}
