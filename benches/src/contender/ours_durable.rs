//! Our tree on disk.

use std::path::Path;
use std::sync::Arc;

use rotortree_lean_imt::{Blake3Hasher, Hash};
use rotortree_store::fs::FsStorage;
use rotortree_store::{
    CheckpointPolicy, DurabilityToken, Engine, EngineConfig, FlushPolicy, RotorTreeError,
    StorageError,
};

use super::{DurableTree, Settings};
use crate::Outcome;
use crate::context::MAX_DEPTH;

/// Our tree on disk.
#[derive(Debug)]
pub struct OursDurable<const N: usize>(pub Engine<Blake3Hasher, N, MAX_DEPTH>);

impl<const N: usize> DurableTree for OursDurable<N> {
    type Token = DurabilityToken;

    fn open(path: &Path, settings: Settings) -> Outcome<Self> {
        let config = EngineConfig {
            flush_policy: settings
                .flush
                .map_or(FlushPolicy::Manual, FlushPolicy::Interval),
            checkpoint_policy: settings
                .checkpoint
                .map_or(CheckpointPolicy::Manual, CheckpointPolicy::MemoryThreshold),
            verify_checkpoint: settings.verify,
            ..EngineConfig::default()
        };
        let storage = Arc::new(FsStorage::new(path));
        Ok(Self(Engine::open(Blake3Hasher, storage, config)?))
    }

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn insert(&self, leaf: Hash) -> Outcome<DurabilityToken> {
        match self.0.insert(leaf) {
            Ok((_, token)) => Ok(token),
            Err(error) => Err(RotorTreeError::into(error)),
        }
    }

    fn insert_many(&self, leaves: &[Hash]) -> Outcome<DurabilityToken> {
        self.0
            .append(leaves, None, None)
            .map_err(RotorTreeError::into)
    }

    fn wait(token: &DurabilityToken) -> Outcome<()> {
        token.wait().map_err(StorageError::into)
    }

    fn insert_durable(&self, leaf: Hash) -> Outcome<()> {
        Self::wait(&self.insert(leaf)?)
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
