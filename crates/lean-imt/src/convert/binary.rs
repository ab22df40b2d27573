//! [`BinaryPath`]: the path of a binary proof for circuits.

use rotortree_hasher::Hash;

use crate::{AnyProof, NaryProof, TreeError, UnrootedInclusion, hex::debug_in_hex, proof::Path};

/// The hashed levels of a proof with `N = 2`: the input of `BinaryMerkleRoot` (circom), Semaphore 4
/// and `binary_merkle_root` (Noir). It omits lifted levels, as every binary LeanIMT does.
///
/// | circuit | length | path | siblings |
/// | --- | --- | --- | --- |
/// | zk-kit `BinaryMerkleRoot(DEPTH)` | `depth` | `index`, or `indices` = [`bits`](Self::bits) | `siblings` |
/// | Semaphore 4 | `merkleProofLength` | `merkleProofIndex`, or `merkleProofIndices` | `merkleProofSiblings` |
/// | Noir `binary_merkle_root` | `depth` | `indices: [u1; DEPTH]` | `siblings` |
///
/// The leaf is the proof's leaf. The circuit computes the root, and the verifier compares it with a
/// trusted root.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let proof = tree.snapshot().generate_proof(2)?;
///
/// let path = proof.binary_path::<20>()?;
/// assert_eq!(path.length, 1, "leaf 2 is lifted once and hashed once");
/// assert_eq!(path.index, 0b1);
/// assert_eq!(path.siblings[0], tree.snapshot().get_node(1, 0)?);
/// assert_eq!(path.siblings[1..], [[0; 32]; 19]);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BinaryPath<const DEPTH: usize> {
    /// Number of hashed levels.
    pub length: usize,
    /// The path, packed: bit `i` is set if the node of the `i`-th hashed level stands on the right.
    pub index: u64,
    /// The sibling of each hashed level, the lowest first; zero from `length` on.
    pub siblings: [Hash; DEPTH],
}

debug_in_hex!([const DEPTH: usize] BinaryPath<DEPTH> {
    length: plain, index: plain, siblings: hashes
});

impl<const DEPTH: usize> BinaryPath<DEPTH> {
    /// The path as one bit a level, the lowest first: `true` where the node stands on the right.
    #[must_use]
    pub fn bits(&self) -> [bool; DEPTH] {
        core::array::from_fn(|level| level < 64 && self.index >> level & 1 == 1)
    }
}

impl<const MAX_DEPTH: usize> NaryProof<2, MAX_DEPTH> {
    /// The hashed levels of the proof, for a circuit of `DEPTH` levels.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`] if there are more; those of [`verify`](Self::verify) for a
    /// malformed proof.
    pub fn binary_path<const DEPTH: usize>(&self) -> Result<BinaryPath<DEPTH>, TreeError> {
        self.check_shape()?;
        let hashed = self
            .used_levels()
            .iter()
            .filter(|level| level.sibling_count == 1);
        pack(hashed.map(|level| (level.position, &level.siblings[0])))
    }
}

impl UnrootedInclusion<'_, 2> {
    /// The hashed levels of the proof, for a circuit of `DEPTH` levels; see
    /// [`NaryProof::binary_path`].
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`] if there are more.
    pub fn binary_path<const DEPTH: usize>(&self) -> Result<BinaryPath<DEPTH>, TreeError> {
        let path = Path::<2>::new(self.leaf_index(), self.tree_size());
        let hashed = path.filter(|span| span.len == 2);
        pack(hashed.map(|span| span.position).zip(self.siblings()))
    }
}

impl AnyProof<'_> {
    /// The hashed levels of an inclusion proof with `N = 2`, for a circuit of `DEPTH` levels;
    /// see [`NaryProof::binary_path`].
    ///
    /// # Errors
    /// [`TreeError::NoSuchForm`] for a proof of another kind or N, [`TreeError::MaxDepthExceeded`]
    /// if there are more levels.
    pub fn binary_path<const DEPTH: usize>(&self) -> Result<BinaryPath<DEPTH>, TreeError> {
        let proof = self.inclusion::<2>().ok_or_else(|| self.no_such_form())?;
        proof.binary_path()
    }
}

/// Packs positions and siblings of hashed levels, the lowest first.
fn pack<'a, const DEPTH: usize>(
    levels: impl Iterator<Item = (usize, &'a Hash)>,
) -> Result<BinaryPath<DEPTH>, TreeError> {
    let mut path = BinaryPath {
        length: 0,
        index: 0,
        siblings: [[0; 32]; DEPTH],
    };
    for (position, sibling) in levels {
        let slot = path.siblings.get_mut(path.length);
        *slot.ok_or(TreeError::MaxDepthExceeded { max_depth: DEPTH })? = *sibling;
        // A tree has at most 64 levels.
        path.index |= (position as u64) << path.length;
        path.length += 1;
    }
    Ok(path)
}
