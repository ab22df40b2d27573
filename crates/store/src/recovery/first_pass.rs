//! The first pass: reads the whole log and assesses it. A follower receives its events.

use std::io;

use rotortree_wal::{
    Assessment, Event, GroupHeader, LogRules, Position, RecordView, Scanner, Window,
};

use super::segments::{LiveLog, Start};
use crate::manifest::Manifest;

/// Receives the events of the first pass, after the rules.
pub(super) trait Follower {
    /// The next segment, by its index, and the bytes of those before it.
    fn segment(&mut self, index: usize, before: u64, base: &Position, rules: &LogRules);
    /// A group; whether what stands behind it should be looked at now.
    fn group(&mut self, group: &GroupHeader, rules: &LogRules) -> bool;
    /// The group behind that group.
    fn group_behind(&mut self, group: &GroupHeader);
    /// A record that is the next one of the run.
    fn record(&mut self, record: &RecordView<'_>, rules: &LogRules);
}

/// Follows nothing.
impl Follower for () {
    fn segment(&mut self, _: usize, _: u64, _: &Position, _: &LogRules) {}
    fn group(&mut self, _: &GroupHeader, _: &LogRules) -> bool {
        false
    }
    fn group_behind(&mut self, _: &GroupHeader) {}
    fn record(&mut self, _: &RecordView<'_>, _: &LogRules) {}
}

impl LiveLog {
    /// Reads the whole log and assesses it. O(log) time, constant memory.
    pub(crate) fn assess(&self, manifest: &Manifest) -> io::Result<Assessment> {
        self.follow(manifest, &mut ()).map(LogRules::finish)
    }

    /// Passes the events of the whole log to the rules and to `follower`.
    pub(super) fn follow(
        &self,
        manifest: &Manifest,
        follower: &mut impl Follower,
    ) -> io::Result<LogRules> {
        let mut rules = LogRules::new(&manifest.position(), self.attested);
        let mut window = Window::new();
        let mut before = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            match &segment.start {
                Start::Unreadable(error) => {
                    rules.unreadable_segment(segment.number, error.clone());
                }
                Start::Intact(header) | Start::Restored(header) => {
                    rules.segment(header, segment.cap);
                    follower.segment(index, before, &header.base, &rules);
                    let bytes = self.open(segment.number)?;
                    let mut scanner = Scanner::with_window(bytes, header.salt, window);
                    while let Some(event) = scanner.next()? {
                        let reached = rules.reached();
                        rules.event(&event);
                        match event {
                            Event::Record(record) if rules.reached() > reached => {
                                follower.record(&record, &rules);
                            }
                            Event::Group(group) if follower.group(group, &rules) => {
                                let behind = scanner.peek_group()?;
                                // A group beyond the cap is dead and attests nothing.
                                if let Some(group) =
                                    behind.filter(|group| group.first_sequence <= segment.cap)
                                {
                                    follower.group_behind(&group);
                                }
                            }
                            _ => {}
                        }
                    }
                    window = scanner.into_window();
                }
            }
            before += segment.len;
        }
        Ok(rules)
    }
}
