//! The compile-time check of N against a hasher.
//!
//! A tree of one child to a group:
//!
//! ```compile_fail,E0080
//! # use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
//! let tree = LeanIMT::<_, 1, 32>::new(Blake3Hasher);
//! ```
//!
//! A tree of no hash layer, or of more than 64:
//!
//! ```compile_fail,E0080
//! # use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
//! let tree = LeanIMT::<_, 2, 0>::new(Blake3Hasher);
//! ```
//! ```compile_fail,E0080
//! # use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
//! let tree = LeanIMT::<_, 2, 65>::new(Blake3Hasher);
//! ```
//!
//! A group wider than the hasher takes, in a tree and in a verifier:
//!
//! ```compile_fail,E0080
//! # use rotortree_lean_imt::{Hash, Hasher, LeanIMT};
//! #[derive(Clone)]
//! struct Pairs;
//! impl Hasher for Pairs {
//!     const MAX_ARITY: usize = 2;
//!     fn hash_children(&self, children: &[Hash]) -> Hash {
//!         children[0]
//!     }
//! }
//! let tree = LeanIMT::<_, 3, 32>::new(Pairs);
//! ```
//! ```compile_fail,E0080
//! # use rotortree_lean_imt::{Hash, Hasher, NaryProof};
//! # #[derive(Clone)]
//! # struct Pairs;
//! # impl Hasher for Pairs {
//! #     const MAX_ARITY: usize = 2;
//! #     fn hash_children(&self, children: &[Hash]) -> Hash {
//! #         children[0]
//! #     }
//! # }
//! let verdict = NaryProof::<3, 32>::default().verify(&Pairs);
//! ```

use rotortree_hasher::Hasher;

/// Does not compile if `N` is below 2 or exceeds the hasher's [`MAX_ARITY`](Hasher::MAX_ARITY).
pub(crate) const fn assert_arity<H: Hasher, const N: usize>() {
    const {
        assert!(N >= 2, "N, the branching factor, must be at least 2");
        assert!(N <= H::MAX_ARITY, "N exceeds the hasher's MAX_ARITY");
    }
}
