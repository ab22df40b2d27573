//! The trees on disk: ours and the peer's.

use std::path::Path;

use rotortree_lean_imt::Hash;

use super::{DurableTree, Settings, failure};
use crate::Outcome;
use crate::context::MAX_DEPTH;

/// Implements [`DurableTree`] for the tree of a crate: both have the same methods.
macro_rules! durable_tree {
    ($(#[$doc:meta])* $name:ident of $from:ident, durable by $wait:expr) => {
        $(#[$doc])*
        pub struct $name<const N: usize, H = $from::Blake3Hasher>(
            $from::RotorTree<H, N, MAX_DEPTH>,
        )
        where
            H: $from::Hasher;

        impl<const N: usize, H: $from::Hasher> std::fmt::Debug for $name<N, H> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} of {} leaves", stringify!($name), self.0.size())
            }
        }

        impl<const N: usize, H: $from::Hasher + Default> DurableTree for $name<N, H> {
            type Token = $from::DurabilityToken;

            fn open(path: &Path, settings: Settings) -> Outcome<Self> {
                use $from::{CheckpointPolicy, FlushPolicy};

                let config = $from::RotorTreeConfig {
                    path: path.to_owned(),
                    flush_policy: settings
                        .flush
                        .map_or(FlushPolicy::Manual, FlushPolicy::Interval),
                    checkpoint_policy: settings
                        .checkpoint
                        .map_or(CheckpointPolicy::Manual, CheckpointPolicy::MemoryThreshold),
                    // The default of both: everything is mapped once it is checkpointed.
                    tiering: $from::TieringConfig {
                        pin_above_level: usize::MAX,
                    },
                    verify_checkpoint: settings.verify,
                };
                let tree = $from::RotorTree::open(H::default(), config);
                tree.map(Self).map_err(failure)
            }

            fn size(&self) -> u64 {
                self.0.size()
            }

            fn insert(&self, leaf: Hash) -> Outcome<Self::Token> {
                self.0.insert(leaf).map(|(_, token)| token).map_err(failure)
            }

            fn insert_many(&self, leaves: &[Hash]) -> Outcome<Self::Token> {
                let inserted = self.0.insert_many(leaves);
                inserted.map(|(_, token)| token).map_err(failure)
            }

            fn wait(token: &Self::Token) -> Outcome<()> {
                let wait: fn(&Self::Token) -> Outcome<()> = $wait;
                wait(token)
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
    };
}

durable_tree!(
    /// Our tree on disk.
    OursDurable of rotortree,
    durable by |token| token.wait().map_err(failure)
);
durable_tree!(
    /// The peer's tree on disk.
    PeerDurable of peer,
    durable by |token| {
        token.wait();
        Ok(())
    }
);
