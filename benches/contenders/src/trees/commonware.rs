//! Merkle mountain ranges of `commonware-storage`: in memory, and over its journal.
//!
//! A node is the hash of its position and its children, 72 bytes. Leaves are appended as they are;
//! those that are proved are hashed with their position, because its verifier does that.

use std::path::Path;
use std::time::{Duration, Instant};

use commonware_cryptography::{Blake3, Hasher, Sha256, blake3, sha256};
use commonware_parallel::Sequential;
use commonware_runtime::buffer::paged::{CacheRef, page_size};
use commonware_runtime::tokio::{Config, Runner};
use commonware_runtime::{BLOB_PAGE_SIZE, Runner as _};
use commonware_storage::merkle::Bagging::ForwardFold;
use commonware_storage::merkle::{Location, Proof, full, hasher::Standard, mem::Mem};
use commonware_storage::mmr::Family;
use commonware_utils::{NZU64, NZUsize};

use crate::tree::{Hash, Outcome, Tree};

/// A hash function of its cryptography.
pub trait Function: Hasher {
    /// Bytes as a digest.
    fn digest(hash: &Hash) -> Self::Digest;
}

impl Function for Blake3 {
    fn digest(hash: &Hash) -> Self::Digest {
        blake3::Digest(*hash)
    }
}

impl Function for Sha256 {
    fn digest(hash: &Hash) -> Self::Digest {
        sha256::Digest(*hash)
    }
}

/// A range, and its last root.
pub struct Commonware<F: Function> {
    range: Mem<Family, F::Digest>,
    root: F::Digest,
}

impl<F: Function> Commonware<F> {
    const HASHER: Standard<F> = Standard::new(ForwardFold);
}

impl<F: Function> Tree for Commonware<F> {
    type Proof = Proof<Family, F::Digest>;

    fn empty() -> Outcome<Self> {
        Ok(Self {
            range: Mem::new(),
            root: F::digest(&[0; 32]),
        })
    }

    fn append(&mut self, leaves: &[Hash]) -> Outcome<Hash> {
        let batch = self.range.new_batch();
        let batch = batch.add_leaf_digests(leaves.iter().map(F::digest));
        let batch = batch.merkleize(&self.range, &Self::HASHER);
        self.range.apply_batch(&batch)?;
        self.root = self.range.root(&Self::HASHER, 0)?;
        Ok(self.root.as_ref().try_into()?)
    }

    fn provable(leaves: &[Hash]) -> Outcome<Self> {
        let mut tree = Self::empty()?;
        let mut batch = tree.range.new_batch();
        for leaf in leaves {
            batch = batch.add(&Self::HASHER, leaf);
        }
        let batch = batch.merkleize(&tree.range, &Self::HASHER);
        tree.range.apply_batch(&batch)?;
        tree.root = tree.range.root(&Self::HASHER, 0)?;
        Ok(tree)
    }

    fn prove(&self, index: usize) -> Outcome<Self::Proof> {
        Ok(self
            .range
            .proof(&Self::HASHER, Location::new(index as u64), 0)?)
    }

    fn verify(&self, proof: &Self::Proof, index: usize, leaf: &Hash) -> bool {
        let location = Location::new(index as u64);
        proof.verify_element_inclusion(&Self::HASHER, leaf, location, &self.root)
    }

    fn append_durably(path: &Path, batches: &[&[Hash]]) -> Outcome<Duration> {
        let runner = Runner::new(Config::default().with_storage_directory(path));
        runner.start(|context| async move {
            let config = full::Config {
                journal_partition: "journal".to_owned(),
                metadata_partition: "metadata".to_owned(),
                items_per_blob: NZU64!(10_000_000),
                write_buffer: NZUsize!(2 << 20),
                replay_buffer: NZUsize!(2 << 20),
                strategy: Sequential,
                page_cache: CacheRef::new(page_size(BLOB_PAGE_SIZE), NZUsize!(512)),
            };
            let mut range =
                full::Merkle::<Family, _, F::Digest, _>::init(context, &Self::HASHER, config)
                    .await?;
            let started = Instant::now();
            for leaves in batches {
                let mut batch = range.new_batch();
                for leaf in *leaves {
                    batch = batch.add_leaf_digest(F::digest(leaf));
                }
                let batch = batch.merkleize(range.mem(), &Self::HASHER);
                range = range.apply_batch(&batch)?.sync().await?;
                std::hint::black_box(range.root(&Self::HASHER, 0)?);
            }
            let took = started.elapsed();
            range.destroy().await?;
            Ok(took)
        })
    }
}
