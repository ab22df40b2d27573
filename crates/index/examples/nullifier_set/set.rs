//! [`NullifierSet`]: a tree of nullifiers with its index.

use std::path::Path;

use rotortree_hasher::Hash;
use rotortree_index::{IndexError, IndexOptions, LeafIndex};
use rotortree_poseidon::PoseidonHasher;
use rotortree_store::{RotorTree, RotorTreeConfig, RotorTreeError};

use crate::Outcome;

/// Nullifiers, each of them once, and the number of the last block. Closed when it is dropped.
pub(crate) struct NullifierSet {
    tree: RotorTree<PoseidonHasher, 2, 32>,
    index: LeafIndex,
}

impl NullifierSet {
    /// Opens the set in `directory`, with its index beside it.
    pub(crate) fn open(directory: &Path) -> Result<Self, RotorTreeError> {
        let directory = directory.join("nullifiers");
        let options = IndexOptions::beside(&directory)
            .refuse_duplicates(true)
            .refuse_zero(true);
        let index = LeafIndex::new(options);
        let tree = RotorTree::builder(RotorTreeConfig::new(directory))
            // A block larger than this goes to the log in pieces.
            .max_unflushed_bytes(64 << 10)
            .insert_hook(index.hook())
            .open(PoseidonHasher::new())?;
        Ok(Self { tree, index })
    }

    /// Spends the nullifiers of a block, durably: all of them, or none if one was spent before.
    pub(crate) fn spend(&self, block: u64, nullifiers: &[Hash]) -> Result<(), RotorTreeError> {
        let cursor = block.to_be_bytes();
        self.tree.append(nullifiers).metadata(&cursor).durable()?;
        Ok(())
    }

    /// The last block that was spent.
    pub(crate) fn block(&self) -> u64 {
        let cursor = self
            .tree
            .metadata()
            .and_then(|cursor| cursor.try_into().ok());
        cursor.map_or(0, u64::from_be_bytes)
    }

    /// Where a nullifier stands, if it is spent.
    pub(crate) fn find(&self, nullifier: &Hash) -> Result<Option<u64>, IndexError> {
        self.index.find(nullifier)
    }

    /// Proves that the nullifier at `index` is spent.
    pub(crate) fn prove(&self, index: u64) -> Outcome {
        let snapshot = self.tree.durable_snapshot();
        let head = snapshot.head().ok_or("it has leaves")?;
        let proof = snapshot.generate_proof(index)?;
        Ok(proof.verify_against(&PoseidonHasher::new(), head)?)
    }

    pub(crate) fn size(&self) -> u64 {
        self.tree.size()
    }

    pub(crate) fn root(&self) -> Option<Hash> {
        self.tree.root()
    }

    /// Compares index and tree, and looks for a nullifier that is there twice.
    pub(crate) fn verify(&self) -> Outcome {
        self.index.verify()?;
        match self.index.duplicates()?.next() {
            Some(duplicate) => Err(format!("spent twice: {:?}", duplicate?).into()),
            None => Ok(()),
        }
    }

    /// Makes a checkpoint and saves the index: the next opening hashes, and adds to the index, what
    /// came after.
    pub(crate) fn save(&self) -> Result<(), RotorTreeError> {
        self.tree.checkpoint()?;
        self.index.save()?;
        Ok(())
    }
}
