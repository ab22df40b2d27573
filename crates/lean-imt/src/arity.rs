//! The check of N against a hasher, made when the program is compiled.

use rotortree_hasher::Hasher;

/// Does not compile if `N` is below 2 or exceeds the hasher's [`MAX_ARITY`](Hasher::MAX_ARITY).
pub(crate) const fn assert_arity<H: Hasher, const N: usize>() {
    const {
        assert!(N >= 2, "N, the branching factor, must be at least 2");
        assert!(N <= H::MAX_ARITY, "N exceeds the hasher's MAX_ARITY");
    }
}
