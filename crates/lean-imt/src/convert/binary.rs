//! [`BinaryPath`]: the path of a binary proof as circuits take it.

use rotortree_hasher::Hash;

use crate::{NaryProof, TreeError, hex::debug_in_hex};

/// The hashed levels of a proof with `N = 2`: what `BinaryMerkleRoot` (circom), Semaphore 4 and `binary_merkle_root` (Noir)
/// take. Lifted levels are left out, as every binary LeanIMT does.
///
/// | circuit | length | path | siblings |
/// | --- | --- | --- | --- |
/// | zk-kit `BinaryMerkleRoot(D)` | `depth` | `index`, or `indices` = [`bits`](Self::bits) | `siblings` |
/// | Semaphore 4 | `merkleProofLength` | `merkleProofIndex`, or `merkleProofIndices` | `merkleProofSiblings` |
/// | Noir `binary_merkle_root` | `depth` | `indices: [u1; D]` | `siblings` |
///
/// The leaf is the proof's; the circuit computes the root, which the verifier compares with one that is trusted.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let proof = tree.snapshot().generate_proof(2)?;
///
/// let path = proof.binary_path()?.padded::<20>()?;
/// assert_eq!(path.length, 1, "leaf 2 is lifted once and hashed once");
/// assert_eq!(path.index, 0b1);
/// assert_eq!(path.siblings[0], tree.snapshot().get_node(1, 0)?);
/// assert_eq!(path.siblings[1..], [[0; 32]; 19]);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BinaryPath<const D: usize> {
    /// Number of hashed levels.
    pub length: usize,
    /// The path, packed: bit `i` is set if the node of the `i`-th hashed level stands on the right.
    pub index: u64,
    /// The sibling of each hashed level, the lowest first; zero from `length` on.
    pub siblings: [Hash; D],
}

debug_in_hex!([const D: usize] BinaryPath<D>, "BinaryPath" {
    length: plain, index: plain, siblings: hashes
});

impl<const D: usize> BinaryPath<D> {
    /// The path as one bit a level, the lowest first: `true` where the node stands on the right.
    #[must_use]
    pub fn bits(&self) -> [bool; D] {
        core::array::from_fn(|level| level < 64 && self.index >> level & 1 == 1)
    }

    /// The same path for a circuit of `E` levels.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`] if it is longer than that.
    pub fn padded<const E: usize>(&self) -> Result<BinaryPath<E>, TreeError> {
        let used = self
            .siblings
            .get(..self.length)
            .filter(|_| self.length <= E);
        let Some(used) = used else {
            return Err(TreeError::MaxDepthExceeded { max_depth: E });
        };
        let mut siblings = [[0; 32]; E];
        siblings[..used.len()].copy_from_slice(used);
        Ok(BinaryPath {
            length: self.length,
            index: self.index,
            siblings,
        })
    }
}

impl<const MAX_DEPTH: usize> NaryProof<2, MAX_DEPTH> {
    /// The hashed levels of the proof.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), refused hashes apart: what is malformed has no path.
    pub fn binary_path(&self) -> Result<BinaryPath<MAX_DEPTH>, TreeError> {
        self.check_shape()?;
        let mut path = BinaryPath {
            length: 0,
            index: 0,
            siblings: [[0; 32]; MAX_DEPTH],
        };
        for level in self.used_levels() {
            if level.sibling_count == 1 {
                path.index |= (level.position as u64) << path.length;
                path.siblings[path.length] = level.siblings[0];
                path.length += 1;
            }
        }
        Ok(path)
    }
}
