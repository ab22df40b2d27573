//! Copies a state of a tree to another storage, or extends such a copy, by the protocol of a
//! checkpoint.
//!
//! A backup has its own tree id, so its chunks have their own checksums and cannot be exchanged
//! with the original's unnoticed. A backup is a store like any other: opening it restores it.

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use rotortree_lean_imt::{TreeHead, TreeSnapshot};
use rotortree_wal::Position;

use crate::{
    RotorTreeError, StorageError,
    checkpoint::{CheckpointFailure, WrittenLevels, read_tails, write_nodes},
    chunk::CHUNK_NODES,
    cold::storage_error,
    engine::{
        events,
        log::{Identity, random_salt},
    },
    manifest::{BackupOf, CleanClose, Manifest},
    recovery::{self, LiveLog},
    shape::Shape,
    storage::{MAX_HEADER_BYTES, Place, Storage, WriteError},
};

/// The outcome of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// From the leaves that the backup held before to those that it holds now.
    pub leaves: Range<u64>,
    /// The leaves that this call copied: not those that an earlier call, which was cut short, had
    /// copied already.
    pub copied: Range<u64>,
}

/// The progress of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupProgress {
    /// Bytes of nodes and checksums that were written.
    pub done: u64,
    /// Those that the backup lacked.
    pub total: u64,
}

/// Told of each piece that was written. It may end the work.
pub(crate) type Pace<'a> = &'a mut dyn FnMut(BackupProgress) -> ControlFlow<()>;

/// A durable state of a tree, which a backup is made of.
pub(crate) struct Original<'a, const N: usize, const MAX_DEPTH: usize> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) manifest: &'a Manifest,
    pub(crate) snapshot: &'a TreeSnapshot<N, MAX_DEPTH>,
    /// The position of the snapshot in the log.
    pub(crate) position: Position,
}

impl<const N: usize, const MAX_DEPTH: usize> Original<'_, N, MAX_DEPTH> {
    /// Copies the state, or extends an earlier backup. After each piece `pace` may end the work.
    pub(crate) fn back_up_to(
        &self,
        target: &Arc<dyn Storage>,
        pace: Pace<'_>,
    ) -> Result<BackupReport, RotorTreeError> {
        let Self {
            manifest: own,
            snapshot,
            ..
        } = *self;
        if target.location()?.is_within(&self.storage.location()?) {
            return Err(StorageError::ForeignDirectory {
                place: target.describe(),
                found: "this tree itself, or is a place among its files".into(),
                remedy: "give a place outside of it; nothing was changed".into(),
            }
            .into());
        }
        // Checked before the target is touched: a refused place stays unchanged, temporary files
        // included.
        if recovery::refuse_foreign(&**target)? == Place::Occupied {
            check_is_backup(&**target, own)?;
        }
        let owner = target.acquire().inspect_err(|error| {
            if matches!(error, StorageError::FileLocked) {
                events::locked(target.describe());
            }
        })?;
        // Checked again, now that the place is locked.
        if recovery::refuse_foreign(&**target)? == Place::Occupied {
            check_is_backup(&**target, own)?;
            target.sweep()?;
        } else {
            target.sweep()?;
            let of = Some(backup_of(own));
            recovery::create(
                &**target,
                own.arity,
                own.max_depth,
                own.stride,
                own.fingerprint,
                of,
            )?;
        }
        let previous = recovery::load_manifest(&**target)?;
        recovery::ensure_room(&**target, &previous)?;
        self.check_is_prefix(target, &previous)?;
        let first = previous.size;
        let outcome = self.extend(&**target, previous, pace);
        target.release_idle();
        drop(owner);
        Ok(BackupReport {
            leaves: first..snapshot.size(),
            copied: outcome?..snapshot.size(),
        })
    }

    /// Extends the backup by one commit. Chunks are carried shard by shard, so that a call which is
    /// cut short leaves the backup as it was, and the next one goes on behind the last shard.
    fn extend(
        &self,
        target: &dyn Storage,
        mut previous: Manifest,
        pace: Pace<'_>,
    ) -> Result<u64, RotorTreeError> {
        let shard = target.shard_chunks().saturating_mul(CHUNK_NODES);
        let mut carried = match self.carried(&previous)? {
            Some(carried) => carried,
            None => {
                // Another history's: it counts for nothing before a byte is put in its place.
                if previous.backup_of.is_some_and(|of| of.carried.is_some()) {
                    previous = carrying(previous, None);
                    commit(target, &previous)?;
                }
                previous.clone()
            }
        };
        let first = carried.size;
        let bytes = |size| Shape::new(carried.arity, carried.stride, size).unit_bytes();
        let mut progress = BackupProgress {
            done: 0,
            total: bytes(self.snapshot.size()).saturating_sub(bytes(first)),
        };
        let mut pace = |bytes| {
            progress.done += bytes as u64;
            pace(progress)
        };
        loop {
            let size = (carried.size / shard + 1).saturating_mul(shard);
            if size >= self.snapshot.size() {
                break;
            }
            let snapshot = self.snapshot.snapshot_at(size)?;
            let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
            let written = carry(target, &carried, &snapshot, &mut pace)?;
            carried = state(&carried, head, written);
            previous = Manifest {
                locator: carried.locator.clone(),
                ..carrying(previous, Some(head))
            };
            commit(target, &previous)?;
        }
        let written = carry(target, &carried, self.snapshot, &mut pace)?;
        self.end(target, &previous, written)?;
        Ok(first)
    }

    /// The levels that a call which was cut short has carried, if this same history has them.
    fn carried(&self, previous: &Manifest) -> Result<Option<Manifest>, RotorTreeError> {
        let carried = previous.backup_of.and_then(|of| of.carried);
        let Some(head) = carried.filter(|head| head.size <= self.snapshot.size()) else {
            return Ok(None);
        };
        let snapshot = self.snapshot.snapshot_at(head.size)?;
        if snapshot.root() != Some(head.root) {
            return Ok(None);
        }
        let written = WrittenLevels {
            locator: previous.locator.clone(),
            tails: read_tails(previous, &snapshot)?,
        };
        Ok(Some(state(previous, head, written)))
    }

    /// The steps of a checkpoint behind its chunks: the next segment, manifest, removal.
    fn end(
        &self,
        target: &dyn Storage,
        previous: &Manifest,
        written: WrittenLevels,
    ) -> Result<(), StorageError> {
        let Self {
            manifest: own,
            snapshot,
            position,
            ..
        } = *self;
        let identity = Identity {
            tree_id: previous.tree_id,
            arity: previous.arity,
            fingerprint: previous.fingerprint,
        };
        let number = previous
            .last_segment()
            .checked_add(1)
            .ok_or(StorageError::MathError)?;
        // A backup that crashed may have started a segment of this number without naming it.
        target.remove_segment(number)?;
        let header = identity.header(number, random_salt()?, position, position.sequence);
        target
            .create_segment(number, &header.encode())
            .map_err(WriteError::into_io)?;
        let next = Manifest {
            // The tree's ceiling may have been raised since the last backup.
            max_depth: previous.max_depth.max(own.max_depth),
            generation: previous.generation + 1,
            sequence: position.sequence,
            size: position.size,
            root: snapshot.root().unwrap_or_default(),
            metadata: snapshot.metadata().map(<[u8]>::to_vec),
            locator: written.locator,
            levels: written.tails,
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
            // The backup lacks the cut entries, too.
            cuts: own.cuts.clone(),
            backup_of: Some(backup_of(own)),
            ..previous.clone()
        };
        commit(target, &next)?;
        for number in target
            .list_segments()?
            .into_iter()
            .filter(|&old| old != number)
        {
            // A segment that stays is dead. The next opening or extension of the backup removes it.
            drop(target.remove_segment(number));
        }
        Ok(())
    }

    /// Checks that the backup is a store of a prefix of its tree, without entries of its own.
    /// Otherwise the backup holds another history: the tree was put back to an earlier state and
    /// has continued from there.
    fn check_is_prefix(
        &self,
        target: &Arc<dyn Storage>,
        previous: &Manifest,
    ) -> Result<(), RotorTreeError> {
        let (snapshot, position) = (self.snapshot, self.position);
        let refuse = |found: &str| Err(refused(&**target, found).into());
        if previous.size > snapshot.size() || previous.sequence > position.sequence {
            return refuse("a backup with more leaves or entries than this tree has");
        }
        let root = snapshot.snapshot_at(previous.size)?.root();
        if root.unwrap_or_default() != previous.root {
            return refuse("a backup with other leaves than this tree has");
        }
        let log = LiveLog::read_owned(target, previous)?;
        if log.assess(previous).map_err(StorageError::Io)?.end != previous.sequence {
            return refuse("a backup with entries of its own");
        }
        Ok(())
    }
}

/// Writes what a state has beyond the levels of `previous`, and makes it durable.
fn carry<const N: usize, const MAX_DEPTH: usize>(
    target: &dyn Storage,
    previous: &Manifest,
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    pace: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<WrittenLevels, StorageError> {
    let written = write_nodes(target, previous, snapshot, pace);
    written.map_err(|error| match error {
        CheckpointFailure::Io(error) => StorageError::Io(error),
        CheckpointFailure::Tree(error) => storage_error(error),
        CheckpointFailure::Stopped => StorageError::Closed,
        error => StorageError::CheckpointFailed(error.to_string()),
    })
}

/// The levels of a later state, to go on from. No manifest that is committed.
fn state(previous: &Manifest, head: TreeHead, written: WrittenLevels) -> Manifest {
    Manifest {
        size: head.size,
        root: head.root,
        locator: written.locator,
        levels: written.tails,
        ..previous.clone()
    }
}

/// The manifest behind `previous` of the same backup, with what was carried beyond it.
fn carrying(previous: Manifest, carried: Option<TreeHead>) -> Manifest {
    Manifest {
        generation: previous.generation + 1,
        backup_of: previous.backup_of.map(|of| BackupOf { carried, ..of }),
        ..previous
    }
}

fn commit(target: &dyn Storage, next: &Manifest) -> Result<(), StorageError> {
    let committed = target.commit_manifest(next.generation, &next.encode());
    Ok(committed.map_err(WriteError::into_io)?)
}

/// The origin that this backup records.
fn backup_of(own: &Manifest) -> BackupOf {
    BackupOf {
        tree_id: own.tree_id,
        generation: own.generation,
        carried: None,
    }
}

fn refused(target: &dyn Storage, found: &str) -> StorageError {
    StorageError::ForeignDirectory {
        place: target.describe(),
        found: found.into(),
        remedy: "give an empty place, or an earlier backup of this tree that nothing was written to since; nothing of it was changed".into(),
    }
}

/// Checks that the target's manifest names it as a backup of this tree. A store that merely
/// resembles one is refused: it may share the first leaves and hold entries of its own.
fn check_is_backup(target: &dyn Storage, own: &Manifest) -> Result<(), StorageError> {
    let previous = recovery::load_manifest(target)?;
    let found = match previous.backup_of {
        _ if previous.tree_id == own.tree_id => "this tree itself, or a copy of its files",
        None => "a store that is no backup, or was written to since it was one",
        Some(of) if of.tree_id != own.tree_id => "a backup of another tree",
        Some(of) if of.generation > own.generation => {
            "a backup of a later state of this tree, which was put back to an earlier one since"
        }
        Some(_) => return Ok(()),
    };
    Err(refused(target, found))
}
