//! Heads and proofs.

use alloc::vec::Vec;
use rotortree_hasher::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::serde_as_map;
use crate::{
    CatchUpProof, ConsistencyProof, MultiProof, NaryProof, RangeProof, TreeHead, UnrootedInclusion,
};

serde_as_map!("TreeHead", TreeHead<>, { size: u64, root: Hash });

serde_as_map!("ConsistencyProof", ConsistencyProof<N, MAX_DEPTH>, N, checked by unrooted {
    old_size: u64,
    new_size: u64,
    old_root: Hash,
    new_root: Hash,
    hashes: Vec<Hash>,
});

serde_as_map!("MultiProof", MultiProof<N, MAX_DEPTH>, N, checked by unrooted {
    root: Hash,
    tree_size: u64,
    indices: Vec<u64>,
    leaves: Vec<Hash>,
    hashes: Vec<Hash>,
});

serde_as_map!("RangeProof", RangeProof<N, MAX_DEPTH>, N, checked by unrooted {
    root: Hash,
    tree_size: u64,
    start: u64,
    leaves: Vec<Hash>,
    hashes: Vec<Hash>,
});

serde_as_map!("CatchUpProof", CatchUpProof<N, MAX_DEPTH>, N, checked by unrooted {
    old_size: u64,
    old_root: Hash,
    new_root: Hash,
    leaves: Vec<Hash>,
    frontier: Vec<Hash>,
});

/// An inclusion proof with its siblings in one list, as in its encoding.
struct FlatProof<const N: usize> {
    root: Hash,
    leaf: Hash,
    leaf_index: u64,
    tree_size: u64,
    siblings: Vec<Hash>,
}

serde_as_map!("NaryProof", FlatProof<N>, N {
    root: Hash,
    leaf: Hash,
    leaf_index: u64,
    tree_size: u64,
    siblings: Vec<Hash>,
});

impl<const N: usize, const MAX_DEPTH: usize> Serialize for NaryProof<N, MAX_DEPTH> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check_shape().map_err(ser::Error::custom)?;
        let flat = FlatProof::<N> {
            root: self.root,
            leaf: self.leaf,
            leaf_index: self.leaf_index,
            tree_size: self.tree_size,
            siblings: self.siblings().copied().collect(),
        };
        flat.serialize(serializer)
    }
}

impl<'de, const N: usize, const MAX_DEPTH: usize> Deserialize<'de> for NaryProof<N, MAX_DEPTH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flat = FlatProof::<N>::deserialize(deserializer)?;
        UnrootedInclusion::<N>::new(flat.tree_size, flat.leaf_index, &flat.leaf, &flat.siblings)
            .and_then(|proof| proof.with_root(flat.root))
            .map_err(de::Error::custom)
    }
}
