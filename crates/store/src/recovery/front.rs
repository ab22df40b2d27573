//! [`Front`]: applies records to the tree while the first pass reads the log, if no later byte of the log can revoke them.
//!
//! These are the whole batches of the run that something read so far attests: A and E only grow. In
//! an ordinary log they are all batches up to A, and the second pass has only the records that must
//! be written anew. For many leaves a thread of its own hashes while this one reads.

use std::{
    io, mem,
    panic::resume_unwind,
    sync::mpsc::{Receiver, SendError, SyncSender, channel, sync_channel},
    thread::{Builder, Scope, ScopedJoinHandle, scope},
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::LeanIMT;
use rotortree_wal::{Assessment, GroupHeader, LogRules, Position, RecordView};

use super::{
    first_pass::Follower,
    gathered::{GATHER, Gathered, Grown},
    segments::LiveLog,
};
use crate::{
    RotorTreeError,
    config::OpenProgress,
    fork::is_child,
    manifest::Manifest,
    settings::ProgressCallback,
    sync::{thread_token, work_for},
};

/// The most leaves that wait until they are known to stay: 2 MiB. The second pass applies the
/// others.
const HELD: usize = 2 * GATHER;
/// One waits while another is hashed and a third is filled.
const BUFFERS: usize = 3;
/// If hashing a buffer takes this long, threads share it, because reading leaves the other
/// processors idle. A fast hasher would lose more than it gains.
const SLOW: Duration = Duration::from_millis(10);
/// A group with more bytes of records than this is worth a look at whether the next one attests it.
const LARGE_GROUP: u64 = 1 << 20;

/// The state of the tree after the first pass.
pub(crate) struct Applied {
    pub(super) position: Position,
    /// The segment, as an index, and the group in it from which on the records behind
    /// `position` stand.
    pub(super) segment: usize,
    pub(super) offset: u64,
    pub(super) records: u64,
    pub(super) leaves: u64,
}

impl Applied {
    /// Nothing: the tree is that of the checkpoint.
    pub(super) fn nothing(start: Position) -> Self {
        Self {
            position: start,
            segment: 0,
            offset: 0,
            records: 0,
            leaves: 0,
        }
    }
}

impl LiveLog {
    /// [`assess`](Self::assess), and the tree as far as it was applied, or why it could not be.
    /// Bounded memory beyond the tree.
    pub(crate) fn assess_and_apply<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
        &self,
        tree: &mut LeanIMT<H, N, MAX_DEPTH>,
        manifest: &Manifest,
        progress: Option<&ProgressCallback>,
    ) -> io::Result<(Assessment, Result<Applied, RotorTreeError>)> {
        let start = manifest.position();
        let grown = Grown {
            log: self,
            tree,
            position: start,
            shares: true,
        };
        scope(|scope| {
            let mut front = Front {
                scope,
                hand: Hand::Here(grown),
                outcome: Ok(()),
                gathered: Gathered::default(),
                buffers: 1,
                gave_up: false,
                attested: 0,
                group: (0, 0),
                applied: Applied::nothing(start),
                taken: (0, 0),
                progress,
                total: self.total_bytes(),
            };
            let rules = self.follow(manifest, &mut front)?;
            let applied = front.finish(&rules);
            Ok((rules.finish(), applied))
        })
    }
}

/// A tree that the thread is done with, and whether all that was handed over is in it.
type Returned<'a, H, const N: usize, const MAX_DEPTH: usize> =
    (Grown<'a, H, N, MAX_DEPTH>, Result<(), RotorTreeError>);

/// The owner of the tree.
enum Hand<'scope, 'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    Here(Grown<'a, H, N, MAX_DEPTH>),
    /// With a thread that takes what was gathered and gives the buffers back, until it has failed.
    There {
        to: SyncSender<Gathered>,
        back: Receiver<Gathered>,
        thread: ScopedJoinHandle<'scope, Option<Returned<'a, H, N, MAX_DEPTH>>>,
    },
    /// Between two of these.
    Nowhere,
}

/// Gathers records that stay.
struct Front<'scope, 'env, 'a: 'scope, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    scope: &'scope Scope<'scope, 'env>,
    hand: Hand<'scope, 'a, H, N, MAX_DEPTH>,
    outcome: Result<(), RotorTreeError>,
    gathered: Gathered,
    /// How many buffers there are, this one included.
    buffers: usize,
    /// What comes is left to the second pass.
    gave_up: bool,
    /// What is known to be attested beyond what the rules know so far.
    attested: u64,
    /// Bytes of the segments before, and the offset of the group whose records come.
    group: (u64, u64),
    applied: Applied,
    /// Records and leaves gathered.
    taken: (u64, u64),
    progress: Option<&'a ProgressCallback>,
    total: u64,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Follower
    for Front<'_, '_, '_, H, N, MAX_DEPTH>
{
    fn segment(&mut self, index: usize, before: u64, base: &Position, rules: &LogRules) {
        // A batch that a segment left unfinished is cut, and the run goes on from before it.
        self.gave_up |= !self.gathered.is_whole();
        self.group = (before, 0);
        self.gathered.segment(*base);
        if self.stays(rules) {
            self.hand_over();
            self.applied.segment = index;
        } else {
            self.gave_up = true;
        }
    }

    fn group(&mut self, group: &GroupHeader, rules: &LogRules) -> bool {
        self.group.1 = group.offset;
        if self.gathered.leaves.len() >= GATHER && self.stays(rules) {
            self.hand_over();
        }
        self.gathered.group(group);
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
        self.gathered.record(record);
        self.taken.0 += 1;
        self.taken.1 += record.leaves.len() as u64;
        if self.gathered.leaves.len() >= GATHER {
            if self.stays(rules) {
                self.hand_over();
            } else {
                self.gave_up |= self.gathered.leaves.len() >= HELD;
            }
        }
    }
}

impl<'scope, 'a: 'scope, H: Hasher, const N: usize, const MAX_DEPTH: usize>
    Front<'scope, '_, 'a, H, N, MAX_DEPTH>
{
    /// Whether all gathered records stay in the log, for any later bytes.
    fn stays(&self, rules: &LogRules) -> bool {
        !self.gave_up
            && self.gathered.is_whole()
            && self.gathered.end_sequence <= self.attested.max(rules.attested())
    }

    /// Has what was gathered applied to the tree.
    fn hand_over(&mut self) {
        self.start_thread();
        let handed = match &mut self.hand {
            Hand::Here(grown) => {
                self.outcome = grown.settle(&mut self.gathered);
                self.outcome.is_ok()
            }
            Hand::There { to, back, .. } => {
                let full = mem::take(&mut self.gathered);
                self.gathered.follow(&full);
                let sent = to.send(full).is_ok();
                let free = match back.try_recv() {
                    Err(_) if self.buffers < BUFFERS => {
                        self.buffers += 1;
                        Some(Gathered::default())
                    }
                    Err(_) => back.recv().ok(),
                    Ok(free) => Some(free),
                };
                if let Some(mut free) = free {
                    free.follow(&self.gathered);
                    self.gathered = free;
                }
                sent
            }
            Hand::Nowhere => false,
        };
        // The error is reported at the end, after the assessment of the log.
        self.gave_up |= !handed;
        let (before, offset) = self.group;
        self.applied.offset = offset;
        (self.applied.records, self.applied.leaves) = self.taken;
        if let Some(progress) = self.progress {
            progress.report(OpenProgress::Replayed {
                done: before + offset,
                total: self.total,
            });
        }
    }

    /// Gives the tree to a thread once there is enough to do for it; where none can be had, or may
    /// not run, it stays here.
    fn start_thread(&mut self) {
        if is_child() || !matches!(self.hand, Hand::Here(_)) || self.gathered.leaves.len() < GATHER
        {
            return;
        }
        let Hand::Here(grown) = mem::replace(&mut self.hand, Hand::Nowhere) else {
            return;
        };
        let (to, queue) = sync_channel::<Gathered>(1);
        let (give_back, back) = channel();
        let (lend, lent) = channel();
        let caller = thread_token();
        let thread = Builder::new().spawn_scoped(self.scope, move || {
            work_for(caller);
            let Ok(mut grown): Result<Grown<'a, H, N, MAX_DEPTH>, _> = lent.recv() else {
                return None;
            };
            grown.shares = false;
            for mut gathered in queue {
                let started = Instant::now();
                if let Err(error) = grown.settle(&mut gathered) {
                    return Some((grown, Err(error)));
                }
                grown.shares |= started.elapsed() >= SLOW;
                // The receiver may be gone.
                drop(give_back.send(gathered));
            }
            Some((grown, Ok(())))
        });
        self.hand = match thread {
            Ok(thread) => match lend.send(grown) {
                Ok(()) => Hand::There { to, back, thread },
                Err(SendError(grown)) => Hand::Here(grown),
            },
            Err(_) => Hand::Here(grown),
        };
    }

    /// Applies the rest, waits until all is applied, and says how far that is.
    fn finish(mut self, rules: &LogRules) -> Result<Applied, RotorTreeError> {
        if self.stays(rules) && self.gathered.end_sequence > 0 {
            self.hand_over();
        }
        let grown = match mem::replace(&mut self.hand, Hand::Nowhere) {
            Hand::Here(grown) => Some(grown),
            Hand::There { to, thread, .. } => {
                drop(to);
                match thread.join() {
                    Ok(Some((grown, outcome))) => {
                        self.outcome = outcome;
                        Some(grown)
                    }
                    Ok(None) => None,
                    Err(panic) => resume_unwind(panic),
                }
            }
            Hand::Nowhere => None,
        };
        self.outcome?;
        if let Some(grown) = grown {
            self.applied.position = grown.position;
        }
        Ok(self.applied)
    }
}
