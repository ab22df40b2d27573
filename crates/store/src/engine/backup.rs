//! A copy of a running tree on another storage, made or extended by the protocol of a checkpoint.
//!
//! A backup has a tree id of its own, so its chunks have checksums of their own and cannot be exchanged with the original's
//! unnoticed. It is a store like any other: opening it is restoring it.

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;
use rotortree_wal::Position;

use super::{
    core::Core,
    log::{Identity, random_salt},
};
use crate::{
    RotorTreeError, StorageError,
    checkpoint::{CheckpointFailure, write_nodes},
    cold::storage_error,
    manifest::{CleanClose, Manifest},
    recovery::{self, LiveLog},
    storage::{MAX_HEADER_BYTES, Place, Storage, WriteError},
    sync::lock,
};

/// What a backup did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// Leaves that the backup held before, and holds now.
    pub leaves: Range<u64>,
}

impl<H: Hasher, const N: usize, const D: usize> Core<H, N, D> {
    pub(super) fn backup(&self, target: &Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError> {
        self.status.check()?;
        let (position, snapshot) = self.durable_point()?;
        let place = recovery::refuse_foreign(&**target)?;
        let owner = target.acquire()?;
        target.sweep()?;
        if place == Place::Vacant {
            let own = lock(&self.manifest).clone();
            recovery::create(&**target, own.arity, own.max_depth, own.fingerprint)?;
        }
        let previous = recovery::load_manifest(&**target)?;
        recovery::ensure_room(&**target, &previous)?;
        self.check_is_backup(target, &previous, &snapshot, position)?;
        let outcome = self.extend_backup(&**target, &previous, &snapshot, position);
        target.rest();
        drop(owner);
        outcome?;
        Ok(BackupReport {
            leaves: previous.size..snapshot.size(),
        })
    }

    /// Everything inserted so far, made durable, and where it stands in the log.
    pub(super) fn durable_point(
        &self,
    ) -> Result<(Position, Arc<TreeSnapshot<N, D>>), StorageError> {
        let mut lead = self.take_lead()?;
        match self.commit_pending(&mut lead) {
            Ok(()) => {
                let point = (lead.durable, self.durable.load_full());
                lead.give_back();
                Ok(point)
            }
            Err(error) => Err(lead.give_up(error)),
        }
    }

    /// An earlier backup is a store of a prefix of this tree, with no entries of its own.
    fn check_is_backup(
        &self,
        target: &Arc<dyn Storage>,
        previous: &Manifest,
        snapshot: &TreeSnapshot<N, D>,
        position: Position,
    ) -> Result<(), RotorTreeError> {
        let refuse = |found: &str| {
            Err(StorageError::ForeignDirectory {
                place: target.describe(),
                found: found.into(),
                remedy: "give an empty place, or one that an earlier backup of this tree made; nothing of it was changed".into(),
            }
            .into())
        };
        let own = lock(&self.manifest).clone();
        if (previous.arity, previous.fingerprint) != (own.arity, own.fingerprint) {
            return refuse("a store with another N or hasher");
        }
        if previous.tree_id == own.tree_id {
            return refuse("a store with this tree's own id, which a backup never has");
        }
        if previous.size > snapshot.size() || previous.sequence > position.sequence {
            return refuse("a store that is ahead of this tree");
        }
        if snapshot
            .snapshot_at(previous.size)?
            .root()
            .unwrap_or_default()
            != previous.root
        {
            return refuse("a store of another tree");
        }
        let log = LiveLog::read(target, previous)?;
        log.refuse_older_manifest(previous)?;
        if log.assess(previous).map_err(StorageError::Io)?.end != previous.sequence {
            return refuse("a store with entries of its own");
        }
        Ok(())
    }

    /// The steps of a checkpoint, on the backup's storage: chunks, sync, a segment that continues behind, manifest, cleaning up.
    fn extend_backup(
        &self,
        target: &dyn Storage,
        previous: &Manifest,
        snapshot: &TreeSnapshot<N, D>,
        position: Position,
    ) -> Result<(), StorageError> {
        let stop = &mut |_| {
            if self.status.is_closed() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let levels =
            write_nodes(target, previous, snapshot, stop).map_err(|error| match error {
                CheckpointFailure::Io(error) => StorageError::Io(error),
                CheckpointFailure::Tree(error) => storage_error(error),
                CheckpointFailure::Stopped => StorageError::Closed,
                error => StorageError::CheckpointFailed(error.to_string()),
            })?;
        let identity = Identity {
            tree_id: previous.tree_id,
            arity: previous.arity,
            fingerprint: previous.fingerprint,
        };
        let number = previous
            .last_segment()
            .checked_add(1)
            .ok_or(StorageError::MathError)?;
        // One of that number was started by a backup that crashed, and never named.
        target.remove_segment(number)?;
        let header = identity.header(number, random_salt()?, position, position.sequence);
        target
            .create_segment(number, &mut &header.encode()[..])
            .map_err(WriteError::into_io)?;
        let own = lock(&self.manifest).clone();
        let next = Manifest {
            // The tree's ceiling may have been raised since the last backup.
            max_depth: previous.max_depth.max(own.max_depth),
            generation: previous.generation + 1,
            sequence: position.sequence,
            size: position.size,
            root: snapshot.root().unwrap_or_default(),
            metadata: snapshot.metadata().map(<[u8]>::to_vec),
            levels,
            first_segment: number,
            newest: header.copy(),
            durable: position,
            clean_close: Some(CleanClose {
                segment: number,
                length: MAX_HEADER_BYTES,
                sequence: position.sequence,
                size: position.size,
                root: snapshot.root().unwrap_or_default(),
            }),
            // What the tree was cut by is missing from its backup, too.
            cuts: own.cuts,
            ..previous.clone()
        };
        target
            .commit_manifest(next.generation, &next.encode())
            .map_err(WriteError::into_io)?;
        for number in target
            .list_segments()?
            .into_iter()
            .filter(|&old| old != number)
        {
            // One that stays is dead, and goes when the backup is opened or extended next.
            drop(target.remove_segment(number));
        }
        Ok(())
    }
}
