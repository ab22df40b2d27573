//! Proofs of transparency logs: the lists of hashes of RFC 6962 (sections 2.1.1 and 2.1.2) and
//! RFC 9162.
//!
//! With `N = 2`, with the node hash of RFC 6962 and with its leaf hashes as leaves, the tree is
//! that of RFC 6962. An audit path is the siblings of an inclusion proof. A consistency proof is
//! the hashes of ours, with one exception: where the old tree is one complete subtree, RFC 6962
//! leaves out the first hash, which is the old root.

use alloc::vec::Vec;
use rotortree_hasher::Hash;

use crate::{ConsistencyProof, HeadError, NaryProof, TreeError, TreeHead, UnrootedInclusion};

/// SHA-256 of nothing.
const ROOT_OF_NOTHING: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

impl TreeHead {
    /// The root as RFC 6962 has it: that of the empty tree is SHA-256 of nothing.
    ///
    /// ```
    /// use rotortree_lean_imt::TreeHead;
    ///
    /// let root = TreeHead::EMPTY.rfc6962_root();
    /// assert_eq!(root[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    /// assert_eq!(TreeHead::from_rfc6962(0, root), Ok(TreeHead::EMPTY));
    /// assert!(TreeHead::from_rfc6962(0, [0; 32]).is_err());
    /// ```
    #[must_use]
    pub fn rfc6962_root(self) -> Hash {
        match self.size {
            0 => ROOT_OF_NOTHING,
            _ => self.root,
        }
    }

    /// The head with the size and the root of a tree head of RFC 6962.
    ///
    /// # Errors
    /// [`HeadError::RootOfNothing`] for size 0 with a root other than SHA-256 of nothing.
    pub fn from_rfc6962(size: u64, root: Hash) -> Result<Self, HeadError> {
        match size {
            0 if root == ROOT_OF_NOTHING => Ok(Self::EMPTY),
            0 => Err(HeadError::RootOfNothing),
            _ => Ok(Self { size, root }),
        }
    }
}

impl<const MAX_DEPTH: usize> NaryProof<2, MAX_DEPTH> {
    /// The audit path of RFC 6962, section 2.1.1; RFC 9162 calls it inclusion path.
    ///
    /// ```
    /// use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
    /// use rotortree_lean_imt::{LeanIMT, NaryProof};
    ///
    /// let mut log = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
    /// log.insert_many(&[rfc6962_leaf(b"a"), rfc6962_leaf(b"b"), rfc6962_leaf(b"c")])?;
    /// let head = log.head().ok_or("three leaves")?;
    ///
    /// let path = log.snapshot().generate_proof(2)?.to_rfc6962()?;
    /// assert_eq!(path.len(), 1);
    /// let proof = NaryProof::<2, 64>::from_rfc6962(rfc6962_leaf(b"c"), 2, head, &path)?;
    /// proof.verify_against(&Rfc6962Hasher, head)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify) for a malformed proof, which has no such form.
    pub fn to_rfc6962(&self) -> Result<Vec<Hash>, TreeError> {
        self.check_shape()?;
        Ok(self.siblings().copied().collect())
    }

    /// Converts the audit path of `leaf` at `leaf_index` in the tree with this head. The result is
    /// not verified: it is a claim, like every proof from outside.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::MaxDepthExceeded`];
    /// [`TreeError::InvalidProofLength`] if the path does not fit index and size.
    pub fn from_rfc6962(
        leaf: Hash,
        leaf_index: u64,
        head: TreeHead,
        path: &[Hash],
    ) -> Result<Self, TreeError> {
        UnrootedInclusion::new(head.size, leaf_index, &leaf, path)?.with_root(head.root)
    }
}

impl<const MAX_DEPTH: usize> ConsistencyProof<2, MAX_DEPTH> {
    /// The consistency proof of RFC 6962, section 2.1.2. The list is empty from the empty tree and
    /// between equal sizes, where RFC 6962 has no proof.
    ///
    /// ```
    /// use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
    /// use rotortree_lean_imt::{ConsistencyProof, LeanIMT};
    ///
    /// let mut log = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
    /// log.insert_many(&[rfc6962_leaf(b"a"), rfc6962_leaf(b"b")])?;
    /// let old = log.head().ok_or("two leaves")?;
    /// log.insert(rfc6962_leaf(b"c"))?;
    /// let new = log.head().ok_or("three leaves")?;
    ///
    /// let proof = log.snapshot().generate_consistency_proof(old.size, old.root)?;
    /// let list = proof.to_rfc6962()?;
    /// assert_eq!(list, [rfc6962_leaf(b"c")], "the old root is left out");
    /// let proof = ConsistencyProof::<2, 64>::from_rfc6962(old, new, &list)?;
    /// proof.verify_against(&Rfc6962Hasher, old, new)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`unrooted`](Self::unrooted) for a malformed proof, which has no such form. A proof
    /// whose first hash is not the old root, where it must be, is
    /// [`TreeError::RootMismatch`].
    pub fn to_rfc6962(&self) -> Result<Vec<Hash>, TreeError> {
        self.unrooted()?;
        if !leaves_out_old_root(self.old_size, self.new_size) {
            return Ok(self.hashes.clone());
        }
        match self.hashes.split_first() {
            Some((first, list)) if *first == self.old_root => Ok(list.to_vec()),
            _ => Err(TreeError::RootMismatch {
                size: self.old_size,
            }),
        }
    }

    /// Converts the consistency proof between the trees with these heads. The result is not
    /// verified: it is a claim, like every proof from outside.
    ///
    /// # Errors
    /// [`TreeError::SizeDecreased`], [`TreeError::MaxDepthExceeded`];
    /// [`TreeError::InvalidProofLength`], which counts the old root where RFC 6962 leaves it out,
    /// if the list does not fit the sizes.
    pub fn from_rfc6962(old: TreeHead, new: TreeHead, list: &[Hash]) -> Result<Self, TreeError> {
        let left_out = leaves_out_old_root(old.size, new.size).then_some(old.root);
        let proof = Self {
            old_size: old.size,
            new_size: new.size,
            old_root: old.root,
            new_root: new.root,
            hashes: left_out.into_iter().chain(list.iter().copied()).collect(),
        };
        proof.unrooted()?;
        Ok(proof)
    }
}

/// Whether the old tree is one complete subtree of a larger new tree.
const fn leaves_out_old_root(old_size: u64, new_size: u64) -> bool {
    old_size < new_size && old_size.is_power_of_two()
}
