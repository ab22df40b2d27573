//! [`Reading`]: the state that a reader without ownership has read, and goes on from.
//!
//! A later refresh costs one look if nothing is new, and otherwise reads the log from where the
//! last scan ended. It relies on what never changes beside it: the tree up to a durable position,
//! and a segment up to the last group that was whole. Where a doubt remains, reading begins afresh,
//! which alone tells damage and refuses other histories.

use std::{io, sync::Arc};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::{LeanIMT, TreeHead};
use rotortree_wal::{Position, Scanner, SegmentBytes, Verdict};

use super::{
    RecoveryReport,
    checkpoint::{Checkpointed, check_identity, load_checkpoint, load_manifest},
    eager::{ReplayedPrefix, Scanned},
    log_end::LogEnd,
    log_scanner::LogPlace,
    progress::Progress,
    replay::Replayer,
    segments::{LiveLog, LiveSegment},
    verdict::{expect_head, judge},
};
use crate::{
    RotorTreeError, StorageError, cold::ColdNodes, manifest::Manifest, settings::Settings, spans,
    storage::Storage,
};

/// The state of a store up to the last position that is known to be durable.
pub(crate) struct Reading<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(crate) tree: LeanIMT<H, N, MAX_DEPTH>,
    pub(crate) manifest: Manifest,
    pub(crate) report: RecoveryReport,
    cold: Arc<ColdNodes>,
    log: LiveLog,
    /// The position of the tree. It is that of a replay up to here.
    replayed: ReplayedPrefix,
    /// The end of the log, if the newest segment has a header.
    end: Option<LogEnd>,
}

/// The outcome of reading what is new.
pub(crate) enum GoneOn<R> {
    /// The store is as it was read. One look at the manifest and one at the end of the log told.
    Same(R),
    Further(R),
    /// Reading has to begin afresh.
    Astray,
}

/// The part of a store that is new since it was read.
enum News {
    Nothing,
    /// The newest segment has this length.
    Records(u64),
    /// Another manifest is in force, or the newest segment is not the one that was read.
    Manifest,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Reading<H, N, MAX_DEPTH> {
    /// Reads the store from its checkpoint on.
    pub(crate) fn begin(
        hasher: &H,
        storage: &Arc<dyn Storage>,
        config: &Settings,
    ) -> Result<Self, RotorTreeError> {
        let manifest = load_manifest(&**storage)?;
        check_identity::<H, N>(hasher, &manifest, config.ceiling(MAX_DEPTH))?;
        let mut report = RecoveryReport::default();
        let Checkpointed { tree, cold } = spans::load_checkpoint(manifest.size)
            .run(|| load_checkpoint(hasher, storage, &manifest, config, &mut report))?;
        let log = LiveLog::read(storage, &manifest)?;
        let mut reading = Self {
            replayed: ReplayedPrefix::nothing(manifest.position()),
            tree,
            manifest,
            report,
            cold,
            log,
            end: None,
        };
        let scanned = reading.scan(config)?;
        reading.replay(scanned, config)?;
        reading.ensure_log_is_kept()?;
        expect_head(&reading.tree.snapshot(), config.expect_head)?;
        Ok(reading)
    }

    /// Refuses what was read of a log whose first segments a checkpoint has covered meanwhile: the
    /// writer may have written the next segment over them, and then they look as if the log had
    /// ended earlier.
    fn ensure_log_is_kept(&self) -> Result<(), StorageError> {
        let (manifest, storage) = (&self.manifest, self.log.storage());
        if storage.is_in_force(manifest.generation, &manifest.head())?
            || load_manifest(&**storage)?.first_segment <= manifest.first_segment
        {
            return Ok(());
        }
        Err(StorageError::Io(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "a checkpoint covered the log while it was read",
        )))
    }

    /// The position of the tree in the log.
    pub(crate) fn position(&self) -> Position {
        self.replayed.position
    }

    /// Reads what is new.
    pub(crate) fn go_on(self, hasher: &H, config: &Settings) -> GoneOn<Self> {
        match self.news() {
            News::Nothing => GoneOn::Same(self),
            news => self
                .read(news, hasher, config)
                .map_or(GoneOn::Astray, GoneOn::Further),
        }
    }

    fn read(mut self, news: News, hasher: &H, config: &Settings) -> Option<Self> {
        match news {
            News::Nothing => {}
            News::Records(len) => self.log.segments.last_mut()?.len = len,
            News::Manifest => self.follow_manifest(hasher, config)?,
        }
        let scanned = self.scan(config).ok()?;
        if matches!(scanned.assessment.verdict, Verdict::Damaged(_)) {
            return None;
        }
        self.replay(scanned, config).ok()?;
        self.ensure_log_is_kept().ok()?;
        Some(self)
    }

    fn news(&self) -> News {
        self.look().unwrap_or(News::Manifest)
    }

    /// Looks for news. `None` where the look fails.
    fn look(&self) -> Option<News> {
        let Self { manifest, log, .. } = self;
        let storage = log.storage();
        let head = manifest.head();
        if !storage.is_in_force(manifest.generation, &head).ok()? {
            return None;
        }
        let (newest, end) = (log.segments.last()?, self.end?);
        let mut bytes = log.open(newest.number).ok()?;
        let len = bytes.len();
        let mut group_at = |offset| {
            let scanner = Scanner::new(&mut bytes, newest.header()?.salt);
            scanner.starting_at(offset).peek_group().ok()
        };
        // A segment that lost its end, or was exchanged, is not the one that was read.
        if let Some(last) = end.last
            && group_at(last.offset)? != Some(last)
        {
            return None;
        }
        let is_same = len == newest.len && group_at(end.place.offset)?.is_none();
        Some(if is_same {
            News::Nothing
        } else {
            News::Records(len)
        })
    }

    /// Goes on with the manifest in force, if the tree is a state of its store and the log goes on
    /// from there.
    fn follow_manifest(&mut self, hasher: &H, config: &Settings) -> Option<()> {
        let storage = Arc::clone(self.log.storage());
        let manifest = load_manifest(&*storage).ok()?;
        check_identity::<H, N>(hasher, &manifest, config.ceiling(MAX_DEPTH)).ok()?;
        let here = self.replayed.position;
        if manifest.tree_id != self.manifest.tree_id
            || manifest.generation <= self.manifest.generation
            || manifest.sequence > here.sequence
        {
            return None;
        }
        let log = LiveLog::read(&storage, &manifest).ok()?;
        self.replayed.place = if manifest.position() == here {
            LogPlace::default()
        } else {
            let known = self.log.segments.get(self.replayed.place.segment)?;
            LogPlace::within(&log, known, self.replayed.place.offset)
                .filter(|place| log.segments[place.segment].cap >= here.sequence)?
        };
        self.tree.limit_depth(manifest.max_depth as usize).ok()?;
        if manifest.sequence > self.manifest.sequence {
            self.serve_from_chunks(&manifest, config)?;
        }
        self.log = log;
        self.manifest = manifest;
        Some(())
    }

    /// Reads the nodes of a newer checkpoint from its chunks, and gives their memory back.
    fn serve_from_chunks(&mut self, manifest: &Manifest, config: &Settings) -> Option<()> {
        let covered = TreeHead {
            size: manifest.size,
            root: manifest.root,
        };
        expect_head(&self.tree.snapshot(), Some(covered)).ok()?;
        self.cold = self.cold.extend(manifest).ok()?;
        let lens = self.cold.base_lens(config.tiering.pin_above_level);
        self.tree
            .nodes_mut()
            .rebase(Arc::clone(&self.cold) as _, &lens);
        self.report.checkpoint_size = manifest.size;
        self.report.verified = false;
        Some(())
    }

    /// The first pass over the log behind the tree, which replays what is durable.
    fn scan(&mut self, config: &Settings) -> Result<Scanned, StorageError> {
        let log = &self.log;
        let durable = if log.storage().readable_is_durable() {
            u64::MAX
        } else {
            0
        };
        let progress = Progress::of(log, config);
        let (tree, replayed) = (&mut self.tree, self.replayed);
        spans::scan_log(log.segments.len(), log.total_bytes())
            .run(|| log.assess_and_replay(tree, replayed, durable, progress))
            .map_err(StorageError::Io)
    }

    /// Judges the log, and replays what the first pass has left.
    fn replay(&mut self, scanned: Scanned, config: &Settings) -> Result<(), RotorTreeError> {
        let Scanned {
            assessment,
            replayed,
            end,
            ..
        } = scanned;
        let (log, manifest, report) = (&self.log, &self.manifest, &mut self.report);
        *report = RecoveryReport {
            checkpoint_size: report.checkpoint_size,
            verified: report.verified,
            ..RecoveryReport::default()
        };
        judge(log, manifest, &assessment, config.recovery, report)?;
        report.cuts.clone_from(&manifest.cuts);
        let stop = if log.storage().readable_is_durable() {
            assessment.end
        } else {
            assessment.attested.min(assessment.end)
        };
        let progress = Progress::of(log, config);
        let mut replayer = Replayer::new(log, &mut self.tree, &replayed?, progress);
        let behind = stop.saturating_sub(self.replayed.position.sequence);
        spans::replay(behind).run(|| replayer.run(stop))?;
        self.replayed = ReplayedPrefix {
            position: replayer.position(),
            place: end.resume,
            counts: replayer.counts(),
        };
        report.count_replayed(self.replayed.counts);
        report.size = self.tree.size();
        let has_header = log.segments.last().and_then(LiveSegment::header).is_some();
        self.end = Some(end).filter(|_| has_header);
        Ok(())
    }
}
