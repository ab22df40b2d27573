//! [`EagerReplay`]: replays, during the first pass, the records that no later byte of the log can
//! revoke.
//!
//! These are the whole entries of the run that something read so far attests: A and E only grow. In
//! an ordinary log they reach up to A, so the second pass handles only the records that must be
//! written again.

use std::{io, sync::Mutex, thread::scope};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::LeanIMT;
use rotortree_wal::{Assessment, GroupHeader, LogRules, Position, RecordView};

use super::{
    applier::Applier,
    batch::{BATCH_LEAVES, ReplayBatch},
    first_pass::Follower,
    log_scanner::LogPlace,
    progress::{Progress, ReplayCounts},
    segments::LiveLog,
    target::ReplayTarget,
};
use crate::{RotorTreeError, lock::lock, manifest::Manifest};

/// The most leaves to hold back until they are known to stay: 2 MiB of them. Leaves beyond are left
/// to the second pass.
const HELD_LEAVES: usize = 2 * BATCH_LEAVES;
/// A group with more bytes of records than this is worth a check whether the next group attests it.
const LARGE_GROUP: u64 = 1 << 20;

/// The state of the tree after the first pass.
pub(super) struct ReplayedPrefix {
    pub(super) position: Position,
    /// The first group of the records behind `position`.
    pub(super) place: LogPlace,
    pub(super) counts: ReplayCounts,
}

impl ReplayedPrefix {
    /// Nothing was replayed: the tree is that of the checkpoint.
    pub(super) fn nothing(start: Position) -> Self {
        Self {
            position: start,
            place: LogPlace::default(),
            counts: ReplayCounts::default(),
        }
    }
}

impl LiveLog {
    /// [`assess`](Self::assess), and the replayed prefix of the tree, or the error of its replay.
    /// Bounded memory beyond the tree.
    pub(super) fn assess_and_replay<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
        &self,
        tree: &mut LeanIMT<H, N, MAX_DEPTH>,
        manifest: &Manifest,
        progress: Progress<'_>,
    ) -> io::Result<(Assessment, Result<ReplayedPrefix, RotorTreeError>)> {
        let start = manifest.position();
        let target = Mutex::new(ReplayTarget {
            log: self,
            tree,
            position: start,
            shares: true,
        });
        scope(|scope| {
            let mut eager = EagerReplay {
                applier: Applier::new(scope, &target),
                batch: ReplayBatch::default(),
                gave_up: false,
                attested: 0,
                place: LogPlace::default(),
                read: ReplayCounts::default(),
                prefix: ReplayedPrefix::nothing(start),
                progress,
            };
            let rules = self.first_pass(manifest, &mut eager)?;
            let replayed = eager.finish(&rules).map(|prefix| ReplayedPrefix {
                position: lock(&target).position,
                ..prefix
            });
            Ok((rules.finish(), replayed))
        })
    }
}

/// Gathers records, and applies them as soon as they are known to stay.
struct EagerReplay<'scope, 'env, 'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    applier: Applier<'scope, 'env, 'a, H, N, MAX_DEPTH>,
    batch: ReplayBatch,
    /// The remaining records are left to the second pass.
    gave_up: bool,
    /// The largest sequence that is known to be attested beyond that of the rules.
    attested: u64,
    /// The place of the current group.
    place: LogPlace,
    /// The records gathered so far, applied or not.
    read: ReplayCounts,
    prefix: ReplayedPrefix,
    progress: Progress<'a>,
}

impl<'a: 'scope, 'scope, H: Hasher, const N: usize, const MAX_DEPTH: usize> Follower
    for EagerReplay<'scope, '_, 'a, H, N, MAX_DEPTH>
{
    fn segment(&mut self, place: LogPlace, base: &Position, rules: &LogRules) {
        // An entry that a segment left unfinished is cut, and the run continues from before it.
        self.gave_up |= !self.batch.is_whole();
        self.place = place;
        self.batch.base = Some(*base);
        if self.stays(rules) {
            self.apply();
        } else {
            self.gave_up = true;
        }
    }

    fn group(&mut self, group: &GroupHeader, rules: &LogRules) -> bool {
        self.place.offset = group.offset;
        if self.batch.is_full() && self.stays(rules) {
            self.apply();
        }
        self.batch.group(group);
        let large = group.payload_end() - group.offset > LARGE_GROUP;
        large && !self.gave_up && group.last_sequence() > self.attested.max(rules.attested())
    }

    fn group_behind(&mut self, group: &GroupHeader) {
        self.attested = self.attested.max(group.attested);
    }

    fn record(&mut self, record: &RecordView<'_>, rules: &LogRules) {
        if self.gave_up {
            return;
        }
        self.batch.push(record);
        self.read.count(record);
        if self.batch.is_full() {
            if self.stays(rules) {
                self.apply();
            } else {
                self.gave_up |= self.batch.leaves.len() >= HELD_LEAVES;
            }
        }
    }
}

impl<'a: 'scope, 'scope, H: Hasher, const N: usize, const MAX_DEPTH: usize>
    EagerReplay<'scope, '_, 'a, H, N, MAX_DEPTH>
{
    /// Whether all gathered records stay in the log, whatever follows.
    fn stays(&self, rules: &LogRules) -> bool {
        !self.gave_up
            && self.batch.is_whole()
            && self.batch.end_sequence <= self.attested.max(rules.attested())
    }

    /// Passes the gathered records to the tree.
    fn apply(&mut self) {
        // The end of the replay reports the cause, after the assessment of the whole log.
        self.gave_up |= !self.applier.apply(&mut self.batch);
        self.prefix.place = self.place;
        self.prefix.counts = self.read;
        self.progress.report(self.place);
    }

    /// Applies the remaining records, waits until all are applied, and returns the place in the log
    /// behind them.
    fn finish(mut self, rules: &LogRules) -> Result<ReplayedPrefix, RotorTreeError> {
        if self.stays(rules) && self.batch.end_sequence > 0 {
            self.apply();
        }
        self.applier.finish()?;
        Ok(self.prefix)
    }
}
