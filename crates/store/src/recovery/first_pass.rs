//! The first pass: reads and assesses the whole log. A follower decides the use of the records on
//! the way.

use std::io;

use rotortree_hasher::Hash;
use rotortree_wal::{
    Assessment, Event, GroupHeader, InvalidReason, LogRules, Position, RecordView,
};

use super::{
    log_scanner::{LogPlace, LogScanner},
    segments::{LiveLog, Start},
};
use crate::{ahead::ChunkReader, manifest::Manifest};

/// Receives the parts of the log during the first pass, after `rules` have received them.
pub(super) trait Follower {
    /// The next segment.
    fn segment(&mut self, _: LogPlace, _base: &Position, _: &LogRules) {}
    /// A group. Returns whether to look at the group behind it now.
    fn group(&mut self, _: &GroupHeader, _: &LogRules) -> bool {
        false
    }
    /// The group behind that group.
    fn group_behind(&mut self, _: &GroupHeader) {}
    /// The next record of the run, and all its leaves.
    fn record(&mut self, _: &RecordView<'_>, _leaves: &[Hash], _: &LogRules) {}
}

/// Ignores every part.
impl Follower for () {}

impl LiveLog {
    /// Reads the whole log and assesses it. O(log) time, constant memory.
    pub(crate) fn assess(&self, manifest: &Manifest) -> io::Result<Assessment> {
        let start = manifest.position();
        let rules = self.first_pass(&start, LogPlace::default(), &mut ());
        rules.map(LogRules::finish)
    }

    /// Passes the log behind `start`, whose records stand from `place` on, to the rules, and to
    /// `follower` on the way.
    pub(super) fn first_pass(
        &self,
        start: &Position,
        place: LogPlace,
        follower: &mut impl Follower,
    ) -> io::Result<LogRules> {
        let mut rules = LogRules::new(start, self.attested);
        let mut scanner = LogScanner::starting_at(self, place);
        let mut chunks = ChunkReader::default();
        while let Some(segment) = scanner.next_segment()? {
            match &segment.start {
                Start::Unreadable(error) => rules.unreadable_segment(segment.number, error.clone()),
                Start::Intact(header) | Start::Restored(header) => {
                    rules.segment(header, segment.cap);
                    follower.segment(scanner.place(), &header.base, &rules);
                }
            }
            loop {
                // By reference: moving an event takes as long as its checksum.
                let read = scanner.next();
                let Ok(Some(event)) = &read else {
                    read?;
                    break;
                };
                let leaves = match event {
                    Event::Record(record) if rules.comes_next(record) => {
                        match chunks.gather(&**self.storage(), &self.tree_id, record)? {
                            Ok(leaves) => leaves,
                            Err(chunk) => {
                                lacks(&mut rules, record, chunk);
                                continue;
                            }
                        }
                    }
                    _ => &[],
                };
                let reached = rules.reached();
                rules.event(event);
                let looks_behind = match event {
                    Event::Group(group) => follower.group(group, &rules),
                    Event::Record(record) if rules.reached() > reached => {
                        follower.record(record, leaves, &rules);
                        false
                    }
                    _ => false,
                };
                if looks_behind && let Some(behind) = scanner.peek_group()? {
                    follower.group_behind(&behind);
                }
            }
        }
        Ok(rules)
    }
}

/// Reports a record that refers to a chunk that is not there.
#[cold]
fn lacks(rules: &mut LogRules, record: &RecordView<'_>, chunk: u64) {
    rules.event(&Event::Invalid {
        offset: record.offset,
        len: record.encoded_len() as u64,
        reason: InvalidReason::ChunkMismatch {
            sequence: record.sequence,
            chunk,
        },
    });
}
