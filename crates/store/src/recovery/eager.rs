//! [`EagerReplay`]: replays, during the first pass, the records that no later byte of the log can
//! revoke.
//!
//! These are the whole entries of the run that something read so far attests: A and E only grow. In
//! an ordinary log they reach up to A, so the second pass handles only the records that must be
//! written again.

use std::{io, mem, sync::Mutex, thread::scope};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::LeanIMT;
use rotortree_wal::{Assessment, GroupHeader, LogRules, Position, RecordView};

use super::{
    applier::Applier,
    batch::{BATCH_LEAVES, ReplayBatch},
    first_pass::Follower,
    log_end::LogEnd,
    log_scanner::LogPlace,
    progress::{Progress, ReplayCounts},
    segments::LiveLog,
    target::ReplayTarget,
};
use crate::{RotorTreeError, ahead::ChunksAhead, lock::lock};

/// The most leaves to hold back until they are known to stay: 2 MiB of them. Leaves beyond are left
/// to the second pass.
const HELD_LEAVES: usize = 2 * BATCH_LEAVES;
/// A group with more bytes of records than this is worth a check whether the next group attests it.
const LARGE_GROUP: u64 = 1 << 20;

/// The state of the tree before or after a first pass.
#[derive(Clone, Copy)]
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

/// The outcome of a first pass that replays.
pub(super) struct Scanned {
    pub(super) assessment: Assessment,
    pub(super) replayed: Result<ReplayedPrefix, RotorTreeError>,
    /// The chunks that the replayed records refer to.
    pub(super) ahead: Vec<ChunksAhead>,
    pub(super) end: LogEnd,
}

impl LiveLog {
    /// [`assess`](Self::assess) from `start` on, and the replayed prefix of the tree, or the error
    /// of its replay. Records up to `durable` are known to be durable, whatever the log attests.
    /// Bounded memory beyond the tree.
    pub(super) fn assess_and_replay<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
        &self,
        tree: &mut LeanIMT<H, N, MAX_DEPTH>,
        start: ReplayedPrefix,
        durable: u64,
        progress: Progress<'_>,
    ) -> io::Result<Scanned> {
        let target = Mutex::new(ReplayTarget {
            log: self,
            tree,
            position: start.position,
            ahead: Vec::new(),
            shares: true,
        });
        scope(|scope| {
            let mut eager = EagerReplay {
                applier: Applier::new(scope, &target),
                batch: ReplayBatch::default(),
                gave_up: false,
                attested: durable,
                end: LogEnd::at(start.place),
                read: start.counts,
                prefix: start,
                progress,
            };
            let rules = self.first_pass(&start.position, start.place, &mut eager)?;
            eager.end.finish(eager.known(&rules), &rules);
            let end = eager.end;
            let replayed = eager.finish(&rules).map(|prefix| ReplayedPrefix {
                position: lock(&target).position,
                ..prefix
            });
            Ok(Scanned {
                assessment: rules.finish(),
                replayed,
                ahead: mem::take(&mut lock(&target).ahead),
                end,
            })
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
    end: LogEnd,
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
        self.end.segment(place, base, rules);
        self.batch.base = Some(*base);
        if self.stays(rules) {
            self.apply();
        } else {
            self.gave_up = true;
        }
    }

    fn group(&mut self, group: &GroupHeader, rules: &LogRules) -> bool {
        self.end.group(group, self.known(rules), rules);
        if self.batch.is_full() && self.stays(rules) {
            self.apply();
        }
        self.batch.group(group);
        let large = group.payload_end() - group.offset > LARGE_GROUP;
        large && !self.gave_up && group.last_sequence() > self.known(rules)
    }

    fn group_behind(&mut self, group: &GroupHeader) {
        self.attested = self.attested.max(group.attested);
    }

    fn record(&mut self, record: &RecordView<'_>, leaves: &[Hash], rules: &LogRules) {
        if self.gave_up {
            return;
        }
        self.batch.push(record, leaves);
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
        !self.gave_up && self.batch.is_whole() && self.batch.end_sequence <= self.known(rules)
    }

    /// The largest sequence that is known to be durable so far.
    fn known(&self, rules: &LogRules) -> u64 {
        self.attested.max(rules.attested())
    }

    /// Passes the gathered records to the tree.
    fn apply(&mut self) {
        // The end of the replay reports the cause, after the assessment of the whole log.
        self.gave_up |= !self.applier.apply(&mut self.batch);
        self.prefix.place = self.end.place;
        self.prefix.counts = self.read;
        self.progress.report(self.end.place);
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
