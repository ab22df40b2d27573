//! Our tree on disk.

use std::path::Path;

use rotortree::{
    Blake3Hasher, CheckpointPolicy, DurabilityToken, FlushPolicy, Hash, RotorTree, RotorTreeConfig,
    RotorTreeError, StorageError,
};

use super::{DurableTree, Settings};
use crate::Outcome;
use crate::context::MAX_DEPTH;

/// Our tree on disk.
#[derive(Debug)]
pub struct OursDurable<const N: usize>(pub RotorTree<Blake3Hasher, N, MAX_DEPTH>);

impl<const N: usize> DurableTree for OursDurable<N> {
    type Token = DurabilityToken;

    fn open(path: &Path, settings: Settings) -> Outcome<Self> {
        let config = RotorTreeConfig {
            flush_policy: settings
                .flush
                .map_or(FlushPolicy::Manual, FlushPolicy::Interval),
            checkpoint_policy: settings
                .checkpoint
                .map_or(CheckpointPolicy::Manual, CheckpointPolicy::MemoryThreshold),
            verify_checkpoint: settings.verify,
            ..RotorTreeConfig::new(path)
        };
        Ok(Self(RotorTree::open(Blake3Hasher, config)?))
    }

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn insert(&self, leaf: Hash) -> Outcome<DurabilityToken> {
        match self.0.insert(leaf) {
            Ok((_, token)) => Ok(token),
            Err(error) => Err(error.into()),
        }
    }

    fn insert_many(&self, leaves: &[Hash]) -> Outcome<DurabilityToken> {
        match self.0.insert_many(leaves) {
            Ok((_, token)) => Ok(token),
            Err(error) => Err(error.into()),
        }
    }

    fn wait(token: &DurabilityToken) -> Outcome<()> {
        token.wait().map_err(StorageError::into)
    }

    fn insert_durable(&self, leaf: Hash) -> Outcome<()> {
        let inserted = self.0.insert_durable(leaf);
        inserted.map(drop).map_err(RotorTreeError::into)
    }

    fn take_snapshot(&self) {
        std::hint::black_box(self.0.snapshot());
    }

    fn flush(&self) -> Outcome<()> {
        self.0.flush().map_err(StorageError::into)
    }

    fn checkpoint(&self) -> Outcome<()> {
        self.0.checkpoint().map_err(StorageError::into)
    }

    fn close(self) -> Outcome<()> {
        self.0.close().map_err(StorageError::into)
    }
}
