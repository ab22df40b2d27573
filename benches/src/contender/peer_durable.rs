//! The peer's tree on disk.

use std::path::Path;

use peer::{
    Blake3Hasher, CheckpointPolicy, DurabilityToken, FlushPolicy, RotorTree, RotorTreeConfig,
    TieringConfig,
};
use rotortree_lean_imt::Hash;

use super::peer::failure;
use super::{DurableTree, Settings};
use crate::Outcome;
use crate::context::MAX_DEPTH;

/// The peer's tree on disk.
pub struct PeerDurable<const N: usize>(RotorTree<Blake3Hasher, N, MAX_DEPTH>);

impl<const N: usize> std::fmt::Debug for PeerDurable<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerDurable")
            .field("size", &self.0.size())
            .finish()
    }
}

impl<const N: usize> DurableTree for PeerDurable<N> {
    type Token = DurabilityToken;

    fn open(path: &Path, settings: Settings) -> Outcome<Self> {
        let config = RotorTreeConfig {
            path: path.to_owned(),
            flush_policy: settings
                .flush
                .map_or(FlushPolicy::Manual, FlushPolicy::Interval),
            checkpoint_policy: settings
                .checkpoint
                .map_or(CheckpointPolicy::Manual, CheckpointPolicy::MemoryThreshold),
            // Its default, and ours: everything is mapped once it is checkpointed.
            tiering: TieringConfig {
                pin_above_level: usize::MAX,
            },
            verify_checkpoint: settings.verify,
        };
        RotorTree::open(Blake3Hasher, config)
            .map(Self)
            .map_err(failure)
    }

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn insert(&self, leaf: Hash) -> Outcome<DurabilityToken> {
        self.0.insert(leaf).map(|(_, token)| token).map_err(failure)
    }

    fn insert_many(&self, leaves: &[Hash]) -> Outcome<DurabilityToken> {
        self.0
            .insert_many(leaves)
            .map(|(_, token)| token)
            .map_err(failure)
    }

    fn wait(token: &DurabilityToken) -> Outcome<()> {
        token.wait();
        Ok(())
    }

    fn insert_durable(&self, leaf: Hash) -> Outcome<()> {
        self.0.insert_durable(leaf).map(drop).map_err(failure)
    }

    fn take_snapshot(&self) {
        std::hint::black_box(self.0.snapshot());
    }

    fn flush(&self) -> Outcome<()> {
        self.0.flush().map_err(failure)
    }

    fn checkpoint(&self) -> Outcome<()> {
        self.0.checkpoint().map_err(failure)
    }

    fn close(self) -> Outcome<()> {
        self.0.close().map_err(failure)
    }
}
