//! The choice of an arithmetic for a run of groups.

use rotortree_hasher::Hash;

use crate::order::ByteOrder;
use crate::scalar;

/// The hash of one group.
pub(crate) fn hash_one<O: ByteOrder>(children: &[Hash]) -> Hash {
    O::write(scalar::hash_numbers(children.len(), |i| {
        O::read(&children[i])
    }))
}

/// The hash of each of a run of groups of `arity` children.
pub(crate) fn hash_all<O: ByteOrder>(arity: usize, children: &[Hash], parents: &mut [Hash]) {
    assert!(
        arity > 0 && arity.checked_mul(parents.len()) == Some(children.len()),
        "{} children are not {} groups of {arity}",
        children.len(),
        parents.len(),
    );
    for (group, parent) in children.chunks_exact(arity).zip(parents) {
        *parent = hash_one::<O>(group);
    }
}
