//! The known size and the lost durable head of a tree whose log is damaged.

use std::io;

use rotortree_lean_imt::TreeHead;
use rotortree_wal::{Assessment, Event, Position};

use super::{
    log_scanner::{LogPlace, LogScanner},
    segments::LiveLog,
};
use crate::manifest::Manifest;

/// The content of the manifest, the headers and the valid groups of a damaged log, those after the
/// damage included.
pub(super) struct Known {
    /// The recorded durable state with the most entries.
    durable: Position,
    /// The largest recorded number of leaves of the tree, durable or not.
    pub(super) leaves: u64,
    /// Whether the tree may have had leaves without any record of them.
    pub(super) may_have_had_more: bool,
}

impl Known {
    /// Reads the log again. `assessment` states its durable part. O(log) time, constant memory.
    pub(super) fn gather(
        log: &LiveLog,
        manifest: &Manifest,
        assessment: &Assessment,
    ) -> io::Result<Self> {
        let mut known = Self {
            durable: manifest.position(),
            leaves: 0,
            may_have_had_more: false,
        };
        let attested = assessment.attested;
        known.state(manifest.durable, attested);
        let close = manifest.clean_close;
        if let Some(close) = close {
            let end = Position {
                sequence: close.sequence,
                size: close.size,
                root: close.root,
            };
            known.state(end, attested);
        }
        let mut is_unreadable = false;
        let mut scanner = LogScanner::starting_at(log, LogPlace::default());
        while let Some(segment) = scanner.next_segment()? {
            match segment.header() {
                Some(header) => known.state(header.base, attested),
                None => is_unreadable = true,
            }
            while let Some(event) = scanner.next()? {
                if let Event::Group(group) = event
                    && group.first_sequence <= segment.cap
                {
                    let sequence = match group.record_count {
                        0 => group.attested,
                        _ => group.last_sequence(),
                    };
                    let state = Position {
                        sequence,
                        size: group.size_after,
                        root: group.root_after,
                    };
                    known.state(state, attested);
                }
            }
        }
        let is_complete = known.durable.sequence >= attested && !is_unreadable;
        known.may_have_had_more = close.is_none() && !is_complete;
        Ok(known)
    }

    fn state(&mut self, state: Position, attested: u64) {
        self.leaves = self.leaves.max(state.size);
        if state.sequence <= attested && state.sequence > self.durable.sequence {
            self.durable = state;
        }
    }

    /// The recorded durable head that a tree of `size` leaves has lost.
    pub(super) fn lost(&self, size: u64) -> Option<TreeHead> {
        (self.durable.size > size).then_some(TreeHead {
            size: self.durable.size,
            root: self.durable.root,
        })
    }
}
