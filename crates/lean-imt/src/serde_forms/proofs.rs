//! Heads and proofs.

use alloc::vec::Vec;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use rotortree_hasher::Hex;

use super::{check_n, forms, hashes};
use crate::{
    CatchUpProof, ConsistencyProof, MultiProof, NaryProof, RangeProof, TreeHead, UnrootedInclusion,
};

/// Implements serde for a type through the map of a private form.
macro_rules! serde_as {
    ($form:ident for $type:ident<$($param:ident),*>) => {
        impl<$(const $param: usize),*> Serialize for $type<$($param),*> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $form::of(self).map_err(ser::Error::custom)?.serialize(serializer)
            }
        }

        impl<'de, $(const $param: usize),*> Deserialize<'de> for $type<$($param),*> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $form::deserialize(deserializer)?.read::<D::Error, $($param),*>()
            }
        }
    };
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "TreeHead", deny_unknown_fields)]
struct HeadForm {
    size: u64,
    root: Hex,
}

impl Serialize for TreeHead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = HeadForm {
            size: self.size,
            root: Hex(self.root),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TreeHead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = HeadForm::deserialize(deserializer)?;
        Ok(Self {
            size: form.size,
            root: form.root.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "NaryProof", deny_unknown_fields)]
struct InclusionForm {
    n: u64,
    root: Hex,
    leaf: Hex,
    leaf_index: u64,
    tree_size: u64,
    siblings: Vec<Hex>,
}

impl InclusionForm {
    fn of<const N: usize, const MAX_DEPTH: usize>(
        proof: &NaryProof<N, MAX_DEPTH>,
    ) -> Result<Self, crate::TreeError> {
        proof.check_shape()?;
        Ok(Self {
            n: N as u64,
            root: Hex(proof.root),
            leaf: Hex(proof.leaf),
            leaf_index: proof.leaf_index,
            tree_size: proof.tree_size,
            siblings: proof.siblings().copied().map(Hex).collect(),
        })
    }

    fn read<E: de::Error, const N: usize, const MAX_DEPTH: usize>(
        self,
    ) -> Result<NaryProof<N, MAX_DEPTH>, E> {
        check_n::<N, E>(self.n)?;
        let siblings = hashes(self.siblings);
        UnrootedInclusion::<N>::new(self.tree_size, self.leaf_index, &self.leaf.0, &siblings)
            .and_then(|proof| proof.with_root(self.root.0))
            .map_err(E::custom)
    }
}

serde_as!(InclusionForm for NaryProof<N, MAX_DEPTH>);

#[derive(Serialize, Deserialize)]
#[serde(rename = "ConsistencyProof", deny_unknown_fields)]
struct ConsistencyForm {
    n: u64,
    old_size: u64,
    new_size: u64,
    old_root: Hex,
    new_root: Hex,
    hashes: Vec<Hex>,
}

impl ConsistencyForm {
    fn of<const N: usize, const MAX_DEPTH: usize>(
        proof: &ConsistencyProof<N, MAX_DEPTH>,
    ) -> Result<Self, crate::TreeError> {
        proof.unrooted()?;
        Ok(Self {
            n: N as u64,
            old_size: proof.old_size,
            new_size: proof.new_size,
            old_root: Hex(proof.old_root),
            new_root: Hex(proof.new_root),
            hashes: forms(&proof.hashes),
        })
    }

    fn read<E: de::Error, const N: usize, const MAX_DEPTH: usize>(
        self,
    ) -> Result<ConsistencyProof<N, MAX_DEPTH>, E> {
        check_n::<N, E>(self.n)?;
        let proof = ConsistencyProof {
            old_size: self.old_size,
            new_size: self.new_size,
            old_root: self.old_root.0,
            new_root: self.new_root.0,
            hashes: hashes(self.hashes),
        };
        proof.unrooted().map_err(E::custom)?;
        Ok(proof)
    }
}

serde_as!(ConsistencyForm for ConsistencyProof<N, MAX_DEPTH>);

#[derive(Serialize, Deserialize)]
#[serde(rename = "MultiProof", deny_unknown_fields)]
struct MultiForm {
    n: u64,
    root: Hex,
    tree_size: u64,
    indices: Vec<u64>,
    leaves: Vec<Hex>,
    hashes: Vec<Hex>,
}

impl MultiForm {
    fn of<const N: usize, const MAX_DEPTH: usize>(
        proof: &MultiProof<N, MAX_DEPTH>,
    ) -> Result<Self, crate::TreeError> {
        proof.unrooted()?;
        Ok(Self {
            n: N as u64,
            root: Hex(proof.root),
            tree_size: proof.tree_size,
            indices: proof.indices.clone(),
            leaves: forms(&proof.leaves),
            hashes: forms(&proof.hashes),
        })
    }

    fn read<E: de::Error, const N: usize, const MAX_DEPTH: usize>(
        self,
    ) -> Result<MultiProof<N, MAX_DEPTH>, E> {
        check_n::<N, E>(self.n)?;
        let proof = MultiProof {
            root: self.root.0,
            tree_size: self.tree_size,
            indices: self.indices,
            leaves: hashes(self.leaves),
            hashes: hashes(self.hashes),
        };
        proof.unrooted().map_err(E::custom)?;
        Ok(proof)
    }
}

serde_as!(MultiForm for MultiProof<N, MAX_DEPTH>);

#[derive(Serialize, Deserialize)]
#[serde(rename = "RangeProof", deny_unknown_fields)]
struct RangeForm {
    n: u64,
    root: Hex,
    tree_size: u64,
    start: u64,
    leaves: Vec<Hex>,
    hashes: Vec<Hex>,
}

impl RangeForm {
    fn of<const N: usize, const MAX_DEPTH: usize>(
        proof: &RangeProof<N, MAX_DEPTH>,
    ) -> Result<Self, crate::TreeError> {
        proof.unrooted()?;
        Ok(Self {
            n: N as u64,
            root: Hex(proof.root),
            tree_size: proof.tree_size,
            start: proof.start,
            leaves: forms(&proof.leaves),
            hashes: forms(&proof.hashes),
        })
    }

    fn read<E: de::Error, const N: usize, const MAX_DEPTH: usize>(
        self,
    ) -> Result<RangeProof<N, MAX_DEPTH>, E> {
        check_n::<N, E>(self.n)?;
        let proof = RangeProof {
            root: self.root.0,
            tree_size: self.tree_size,
            start: self.start,
            leaves: hashes(self.leaves),
            hashes: hashes(self.hashes),
        };
        proof.unrooted().map_err(E::custom)?;
        Ok(proof)
    }
}

serde_as!(RangeForm for RangeProof<N, MAX_DEPTH>);

#[derive(Serialize, Deserialize)]
#[serde(rename = "CatchUpProof", deny_unknown_fields)]
struct CatchUpForm {
    n: u64,
    old_size: u64,
    old_root: Hex,
    new_root: Hex,
    leaves: Vec<Hex>,
    frontier: Vec<Hex>,
}

impl CatchUpForm {
    fn of<const N: usize, const MAX_DEPTH: usize>(
        proof: &CatchUpProof<N, MAX_DEPTH>,
    ) -> Result<Self, crate::TreeError> {
        proof.unrooted()?;
        Ok(Self {
            n: N as u64,
            old_size: proof.old_size,
            old_root: Hex(proof.old_root),
            new_root: Hex(proof.new_root),
            leaves: forms(&proof.leaves),
            frontier: forms(&proof.frontier),
        })
    }

    fn read<E: de::Error, const N: usize, const MAX_DEPTH: usize>(
        self,
    ) -> Result<CatchUpProof<N, MAX_DEPTH>, E> {
        check_n::<N, E>(self.n)?;
        let proof = CatchUpProof {
            old_size: self.old_size,
            old_root: self.old_root.0,
            new_root: self.new_root.0,
            leaves: hashes(self.leaves),
            frontier: hashes(self.frontier),
        };
        proof.unrooted().map_err(E::custom)?;
        Ok(proof)
    }
}

serde_as!(CatchUpForm for CatchUpProof<N, MAX_DEPTH>);
