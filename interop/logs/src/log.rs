//! [`Sample`]: the log that is exchanged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rotortree_hasher::{Hash, Rfc6962Hasher, rfc6962_leaf};
use rotortree_lean_imt::{LeanIMT, TreeHead, TreeSnapshot};
use rotortree_tiles::{Cosigner, Directory, KeyKind, Publisher, SecretKey};

use crate::count::Failure;

/// The name of the log.
pub(crate) const ORIGIN: &str = "example.com/log";

/// Every pair of sizes up to this one is compared.
pub(crate) const PAIRS: u64 = 130;

/// The size of the log that is published: two levels of full tiles, and partial ones.
pub(crate) const SIZE: u64 = 70_000;

/// The log, its keys, and the sizes that it was published at.
pub(crate) struct Sample {
    pub(crate) folder: PathBuf,
    pub(crate) tree: TreeSnapshot<2, 64>,
    pub(crate) key: SecretKey,
    pub(crate) witness: SecretKey,
}

/// Entry `index`.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

impl Sample {
    /// Publishes the log into `place` below `folder`, cosigned, and writes the keys beside it.
    pub(crate) fn publish(folder: &Path) -> Result<Self, Failure> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::create_dir_all(folder)?,
        }
        let key = || SecretKey::from_seed(ORIGIN, KeyKind::Note, &[7; 32]);
        let witness = SecretKey::from_seed("witness.example", KeyKind::Cosignature, &[9; 32])?;
        let leaves: Vec<Hash> = (0..SIZE).map(|index| rfc6962_leaf(&entry(index))).collect();
        let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
        tree.insert_many(&leaves)?;
        let tree = tree.snapshot();

        let publisher = Publisher::new(Directory::open(folder.join("place"))?, ORIGIN, key()?);
        for size in [1, 300, SIZE] {
            let mut note = publisher
                .publish(&tree.snapshot_at(size)?, |at| Ok(entry(at)))?
                .note;
            note.add([witness.cosign(note.text(), 1_679_315_147)?]);
            publisher.publish_cosigned(&note)?;
        }
        let sample = Self {
            folder: folder.to_owned(),
            tree,
            key: key()?,
            witness,
        };
        let keys = format!("{}\n{}\n", sample.key.public(), sample.witness.public());
        fs::write(folder.join("keys.txt"), keys)?;
        Ok(sample)
    }

    /// The head at a size.
    pub(crate) fn head(&self, size: u64) -> Result<TreeHead, Failure> {
        Ok(self
            .tree
            .snapshot_at(size)?
            .head()
            .unwrap_or(TreeHead::EMPTY))
    }

    /// The leaf at an index.
    pub(crate) fn leaf(&self, index: u64) -> Result<Hash, Failure> {
        Ok(self.tree.get_leaf(index)?)
    }

    /// Our audit path.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Failure> {
        Ok(self
            .tree
            .snapshot_at(size)?
            .generate_proof(index)?
            .to_rfc6962()?)
    }

    /// Our consistency proof.
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Failure> {
        let root = self.head(old)?.root;
        let proof = self
            .tree
            .snapshot_at(new)?
            .generate_consistency_proof(old, root)?;
        Ok(proof.to_rfc6962()?)
    }

    /// Verifies a foreign audit path.
    pub(crate) fn verify_inclusion(
        &self,
        index: u64,
        size: u64,
        path: &[Hash],
    ) -> Result<(), Failure> {
        let (leaf, head) = (self.leaf(index)?, self.head(size)?);
        let proof = rotortree_lean_imt::NaryProof::<2, 64>::from_rfc6962(leaf, index, head, path)?;
        Ok(proof.verify_against(&Rfc6962Hasher, head)?)
    }

    /// Verifies a foreign consistency proof.
    pub(crate) fn verify_consistency(
        &self,
        old: u64,
        new: u64,
        list: &[Hash],
    ) -> Result<(), Failure> {
        let (old, new) = (self.head(old)?, self.head(new)?);
        let proof = rotortree_lean_imt::ConsistencyProof::<2, 64>::from_rfc6962(old, new, list)?;
        Ok(proof.verify_against(&Rfc6962Hasher, old, new)?)
    }
}
