//! [`Poseidon`]: Poseidon as a [`Hasher`] over bytes of either order.

use core::fmt;
use core::marker::PhantomData;

use rotortree_hasher::{Hash, Hasher};

use crate::groups;
use crate::order::{BigEndian, ByteOrder, LittleEndian};
use crate::parameters::MAX_CHILDREN;
use crate::words::is_canonical;

/// Poseidon over the scalar field of BN254, as circomlib has it: `Poseidon(n)` of the `n` children
/// of a group. `O` is the order of the bytes of a number.
///
/// Use it by one of its names, [`PoseidonHasher`] and [`PoseidonLeHasher`]. The value has no state
/// and no size.
///
/// # Widths
///
/// A group has 2 to 12 children. [`MAX_ARITY`](Hasher::MAX_ARITY) is 12, so a tree with N = 16 does
/// not compile:
///
/// ```compile_fail,E0080
/// use rotortree_lean_imt::LeanIMT;
/// use rotortree_poseidon::PoseidonHasher;
///
/// let mut tree = LeanIMT::<_, 16, 32>::new(PoseidonHasher::new());
/// tree.insert([0; 32]);
/// ```
///
/// while one with N = 8 does:
///
/// ```
/// use rotortree_lean_imt::LeanIMT;
/// use rotortree_poseidon::PoseidonHasher;
///
/// let mut tree = LeanIMT::<_, 8, 32>::new(PoseidonHasher::new());
/// tree.insert([0; 32])?;
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
///
/// circomlib has numbers of rounds for up to 16 children, but the programs that people compare
/// with, `light-poseidon` and Solana's system call among them, stop at 12, and no audited
/// implementation would vouch for the others here. The trees of this project have N = 2, 3, 4, 8 or
/// 16, so 12 loses one of them.
///
/// # Numbers
///
/// A child is a number below the order p of the field. [`check`](Hasher::check), which trees and
/// verifiers call for every hash from outside, refuses p and above, although other programs, the
/// JavaScript libraries among them, take `x + p` for `x`. Two encodings of one number would be two
/// leaves with one proof, and a nullifier could be spent twice.
///
/// [`hash_children`](Hasher::hash_children) itself does not call `check`, like that of every hasher.
/// It takes numbers modulo p.
///
/// # Panics
///
/// Hashing a group of fewer than 2 or more than 12 children panics. A tree never does.
///
/// ```should_panic
/// use rotortree_hasher::Hasher;
/// use rotortree_poseidon::PoseidonHasher;
///
/// // "Poseidon hashes 2 to 12 children, and this group has 13"
/// PoseidonHasher::new().hash_children(&[[0; 32]; 13]);
/// ```
pub struct Poseidon<O>(PhantomData<fn() -> O>);

/// Poseidon over numbers in big-endian bytes, like Solidity's `uint256`.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Hasher, Hex};
/// use rotortree_poseidon::PoseidonHasher;
///
/// let children = ["1", "2"].map(|number| number.parse::<Hex>().map(|hex| hex.0));
/// let parent = PoseidonHasher::new().hash_children(&[children[0].clone()?, children[1].clone()?]);
/// // The first vector of circomlib's tests.
/// let expected = "0x115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a";
/// assert_eq!(Hex(parent).to_string(), expected);
/// # Ok::<(), rotortree_hasher::HexError>(())
/// ```
pub type PoseidonHasher = Poseidon<BigEndian>;

/// Poseidon over numbers in little-endian bytes, as arkworks and `halo2` write them.
///
/// # Example
///
/// ```
/// use rotortree_hasher::Hasher;
/// use rotortree_poseidon::{PoseidonHasher, PoseidonLeHasher};
///
/// let reversed = |mut hash: [u8; 32]| {
///     hash.reverse();
///     hash
/// };
/// let children = [[1; 32], [2; 32]];
/// let parent = PoseidonHasher::new().hash_children(&children);
/// let little = PoseidonLeHasher::new().hash_children(&children.map(reversed));
/// assert_eq!(little, reversed(parent));
/// ```
pub type PoseidonLeHasher = Poseidon<LittleEndian>;

impl<O> Poseidon<O> {
    /// The hasher. The constants of a width are derived when it is first used, which takes a few
    /// milliseconds once in a process.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

// Implemented by hand, because a derive would require the same trait of `O`.
impl<O> Clone for Poseidon<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Poseidon<O> {}

impl<O> Default for Poseidon<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O: ByteOrder> fmt::Debug for Poseidon<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Poseidon<{}>", O::NAME)
    }
}

impl<O: ByteOrder> Hasher for Poseidon<O> {
    const MAX_ARITY: usize = MAX_CHILDREN;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        groups::hash_one::<O>(children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        groups::hash_all::<O>(arity, children, parents);
    }

    fn check(&self, hash: &Hash) -> bool {
        is_canonical(&O::read(hash))
    }
}
