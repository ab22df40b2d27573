//! Opens a store: makes a tree and a writable log from its storage.
//!
//! A crash in any step is safe, and every step can be repeated. `docs/durability/protocol.md` lists
//! the steps.

mod applier;
mod batch;
pub(crate) mod beginning;
mod checkpoint;
mod counts;
mod create;
mod eager;
mod first_pass;
mod known;
mod log_end;
mod log_scanner;
mod new_segment;
mod progress;
mod quarantine;
mod reading;
mod replay;
mod report;
mod report_text;
mod segments;
mod target;
mod verdict;

use std::sync::Arc;

use rotortree_hasher::Hasher;
use rotortree_lean_imt::LeanIMT;
use rotortree_wal::{Assessment, Position, SegmentHeader};

use self::checkpoint::{Checkpointed, check_identity, load_checkpoint};
pub(crate) use self::reading::{GoneOn, Reading};
pub use self::report::{Damage, LogBreak, RecoveryReport};
pub(crate) use self::segments::LiveLog;
use self::{
    beginning::{Beginning, COMPACT_BYTES, is_out_of_room},
    counts::ensure_count,
    eager::ReplayedPrefix,
    new_segment::NewSegment,
    progress::{Progress, ReplayCounts},
    replay::Replayer,
    verdict::{accept, judge, record_cut},
};
pub(crate) use self::{checkpoint::load_manifest, counts::ensure_room, create::create};
use crate::{
    RotorTreeError, StorageError,
    ahead::ChunksAhead,
    cold::ColdNodes,
    engine::log::{Identity, LogWriter, NewestSegment, Successor, random_salt},
    manifest::Manifest,
    settings::Settings,
    spans,
    storage::{MAX_ROOM_BYTES, Ownership, Part, Place, Storage, WriteError},
};

/// A store that was opened for writing.
pub(crate) struct Recovered<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(crate) ownership: Box<dyn Ownership>,
    pub(crate) tree: LeanIMT<H, N, MAX_DEPTH>,
    pub(crate) manifest: Manifest,
    pub(crate) cold: Arc<ColdNodes>,
    /// The chunks that the log refers to.
    pub(crate) ahead: Vec<ChunksAhead>,
    pub(crate) log: LogWriter,
    pub(crate) report: RecoveryReport,
}

/// Takes ownership, creates a missing store, and recovers it.
pub(crate) fn open<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    hasher: &H,
    storage: &Arc<dyn Storage>,
    config: &Settings,
) -> Result<Recovered<H, N, MAX_DEPTH>, RotorTreeError> {
    // Inspected before anything is touched: opening must leave a foreign directory alone, and must
    // not create a store that must exist.
    inspect_to_open(&**storage, config)?;
    let ownership = storage.acquire()?;
    let place = inspect_to_open(&**storage, config)?;
    let mut report = RecoveryReport::default();
    if place == Place::Vacant {
        storage.sweep()?;
        let ceiling = config.ceiling(MAX_DEPTH) as u32;
        let stride = config.stride::<H>(N) as u32;
        create(
            &**storage,
            N as u32,
            ceiling,
            stride,
            hasher.fingerprint(N),
            None,
        )?;
        report.created = true;
    }
    let mut manifest = load_manifest(&**storage)?;
    check_identity::<H, N>(hasher, &manifest, config.ceiling(MAX_DEPTH))?;
    ensure_room(&**storage, &manifest)?;
    let ceiling = config.ceiling(MAX_DEPTH) as u32;
    let is_raised = config.raise_max_depth && manifest.max_depth != ceiling;
    if is_raised {
        manifest.max_depth = ceiling;
    }
    let is_closed = manifest.clean_close.is_some() && !is_raised;
    let Checkpointed { mut tree, mut cold } = spans::load_checkpoint(manifest.size)
        .run(|| load_checkpoint(hasher, storage, &manifest, config, &mut report))?;

    let live = LiveLog::read_owned(storage, &manifest)?;
    // Where the readable is durable, nothing has to be written again.
    let stays = storage.readable_is_durable();
    // A segment that is no longer written to may still have room behind its end.
    let mut compact = !stays && live.total_bytes() <= COMPACT_BYTES + MAX_ROOM_BYTES;
    let scan = spans::scan_log(live.segments.len(), live.total_bytes());
    let scanned = scan.run(|| {
        let nothing = ReplayedPrefix::nothing(manifest.position());
        if compact {
            let assessment = live.assess(&manifest)?;
            compact = assessment.used_bytes <= COMPACT_BYTES;
            if compact {
                // A log that is copied whole is also replayed whole.
                return Ok((assessment, Ok(nothing), Vec::new()));
            }
        }
        let progress = Progress::of(&live, config);
        let scanned = live.assess_and_replay(&mut tree, nothing, 0, progress)?;
        Ok((scanned.assessment, scanned.replayed, scanned.ahead))
    });
    let (mut assessment, replayed, mut ahead) = scanned.map_err(StorageError::Io)?;
    if stays {
        assessment.attested = assessment.attested.max(assessment.end);
    }
    ensure_count(&**storage, Part::Log, "entry", assessment.end)?;
    judge(&live, &manifest, &assessment, config.recovery, &mut report)?;

    let replayed = replayed?;
    let replay = spans::replay(assessment.end.saturating_sub(manifest.sequence));
    let is_sound = report.damage.is_none() && assessment.attested == assessment.end;
    if is_closed && is_sound {
        let progress = Progress::of(&live, config);
        let mut replayer = Replayer::new(&live, &mut tree, &replayed, progress);
        replay.run(|| replayer.run(assessment.end, None))?;
        let durable = replayer.position();
        report.count_replayed(replayer.counts());
        ahead.extend(replayer.take_ahead());
        accept(
            &tree,
            &**storage,
            &manifest,
            &assessment,
            config.expect_head,
        )?;
        report.size = durable.size;
        report.cuts.clone_from(&manifest.cuts);
        let mut log = write_end_of_closed(live, assessment.used_bytes, &manifest, durable);
        log.newest.earlier += bytes_of(&ahead);
        return Ok(Recovered {
            ownership,
            tree,
            manifest,
            cold,
            ahead,
            log,
            report,
        });
    }
    if !report.created {
        storage.sweep()?;
    }
    let continue_in = |tree: &mut LeanIMT<H, N, MAX_DEPTH>, compact: bool| {
        let replayer = Replayer::new(&live, tree, &replayed, Progress::of(&live, config));
        continue_log(&live, replayer, &manifest, &assessment, compact, config)
    };
    let continued = replay.run(|| match continue_in(&mut tree, compact) {
        Err(RotorTreeError::Storage(error)) if compact && is_out_of_room(&error) => {
            // The disk has no room for a second copy of the whole log, but perhaps for the
            // necessary part. The tree already contains some of the records.
            compact = false;
            let unverified = Settings {
                verify_checkpoint: Some(false),
                ..config.clone()
            };
            let again = load_checkpoint(hasher, storage, &manifest, &unverified, &mut report)?;
            (tree, cold) = (again.tree, again.cold);
            continue_in(&mut tree, compact)
        }
        continued => continued,
    });
    let (mut log, counts, replayed_ahead) = continued?;
    ahead.extend(replayed_ahead);
    log.newest.earlier += bytes_of(&ahead);
    report.count_replayed(counts);
    report.size = log.durable.size;

    manifest.generation += 1;
    if let Some(damage) = &mut report.damage {
        // Runs after every step that can refuse to open. The segments with the cut bytes still
        // exist, and stay until these bytes are in quarantine.
        let kept = record_cut(&live, &assessment, log.durable, &mut manifest, damage);
        if let Err(error) = kept {
            // Nothing names the segment. The next opening would remove it, too.
            drop(storage.remove_segment(log.newest.header.number));
            return Err(error.into());
        }
    }
    report.cuts.clone_from(&manifest.cuts);
    manifest.newest = log.newest.header;
    manifest.durable = log.durable;
    manifest.clean_close = None;
    manifest.backup_of = None;
    if compact {
        manifest.first_segment = log.newest.header.number;
    }
    storage
        .commit_manifest(manifest.generation, &manifest.encode())
        .map_err(WriteError::into_io)
        .map_err(StorageError::Io)?;
    if assessment.attested < assessment.end {
        // Attested only now: a reader may see the manifest before it is durable, and a record
        // without an attestation in the older segments may be lost with the manifest.
        log.wants_mark = true;
        let marked = log.mark(&**storage).map_err(WriteError::into_io);
        marked.map_err(StorageError::Io)?;
    }
    let covered = live
        .segments
        .iter()
        .map(|segment| segment.number)
        .filter(|_| compact);
    let unnamed = live
        .unnamed
        .iter()
        .copied()
        .filter(|&number| number != log.newest.header.number);
    for number in unnamed.chain(covered) {
        // A segment that stays is dead. The next opening of the store removes it.
        drop(storage.remove_segment(number));
    }
    Ok(Recovered {
        ownership,
        tree,
        manifest,
        cold,
        ahead,
        log,
        report,
    })
}

/// Replays the log into the tree, and writes the segment of this run. The segment holds the records
/// above the point that the old segments attest or, to compact, all records that the checkpoint
/// does not cover. It attests no more than the old segments do: until the manifest that names it is
/// durable, a loss of power may bring back the manifest that names only them.
fn continue_log<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    live: &LiveLog,
    mut replayer: Replayer<'_, H, N, MAX_DEPTH>,
    manifest: &Manifest,
    assessment: &Assessment,
    compact: bool,
    config: &Settings,
) -> Result<(LogWriter, ReplayCounts, Vec<ChunksAhead>), RotorTreeError> {
    let storage = &**live.storage();
    let attested = assessment.attested.min(assessment.end);
    let stop = if compact { manifest.sequence } else { attested };
    replayer.run(stop, None)?;

    let identity = Identity::of(manifest);
    let number = manifest.last_segment().checked_add(1);
    let number = number.ok_or(StorageError::MathError)?;
    // An earlier opening may have started a segment of this number without naming it.
    storage.remove_segment(number).map_err(StorageError::Io)?;
    let salt = random_salt().map_err(StorageError::Io)?;
    let base = replayer.position();
    let copied = assessment.end.checked_sub(base.sequence);
    let header = SegmentHeader {
        copied: copied.ok_or(StorageError::MathError)?,
        previous: Some(manifest.newest),
        ..identity.header(number, salt, base, attested)
    };
    let mut segment = NewSegment::start(storage, &header)?;
    replayer.run(assessment.end, Some(&mut segment))?;
    accept(
        replayer.tree(),
        storage,
        manifest,
        assessment,
        config.expect_head,
    )?;
    let offset = segment.finish()?;

    let newest = NewestSegment {
        header: header.copy(),
        earlier: if compact { 0 } else { assessment.used_bytes },
        offset,
        durable_len: offset,
    };
    let log = LogWriter::new(identity, newest, replayer.position(), Successor::Absent);
    Ok((log, replayer.counts(), replayer.take_ahead()))
}

/// The write end of a log of so many bytes that was closed in an orderly way. The first write
/// begins the segment of this run.
fn write_end_of_closed(
    live: LiveLog,
    bytes: u64,
    manifest: &Manifest,
    durable: Position,
) -> LogWriter {
    let newest = NewestSegment {
        header: manifest.newest,
        earlier: bytes,
        // Nothing goes behind it.
        offset: 0,
        durable_len: 0,
    };
    let beginning = Beginning::new(live, manifest, bytes);
    let successor = Successor::Due(Box::new(beginning));
    LogWriter::new(Identity::of(manifest), newest, durable, successor)
}

/// Bytes of the chunks.
fn bytes_of(ahead: &[ChunksAhead]) -> u64 {
    ahead.iter().map(ChunksAhead::bytes).sum()
}

/// Classifies the place, and refuses one that can neither be opened nor become a store. A tree that
/// must contain leaves is not created.
fn inspect_to_open(storage: &dyn Storage, config: &Settings) -> Result<Place, StorageError> {
    match refuse_foreign(storage)? {
        Place::Vacant if !config.create_if_missing => Err(missing(storage)),
        Place::Vacant => match config.expect_head {
            Some(head) if head.size > 0 => Err(StorageError::UnexpectedHead {
                size: head.size,
                reason: format!("{}: there is no store here", storage.describe()),
            }),
            _ => Ok(Place::Vacant),
        },
        place => Ok(place),
    }
}

/// The error for a missing store that must exist.
pub(crate) fn missing(storage: &dyn Storage) -> StorageError {
    let missing = format!(
        "{}: there is no store here; name the place of one, or let one be created",
        storage.describe()
    );
    StorageError::Io(std::io::Error::new(std::io::ErrorKind::NotFound, missing))
}

pub(crate) fn refuse_foreign(storage: &dyn Storage) -> Result<Place, StorageError> {
    match storage.inspect()? {
        Place::Foreign { found } => Err(StorageError::ForeignDirectory {
            place: storage.describe(),
            found,
            remedy: "nothing was touched; give another, empty place".into(),
        }),
        Place::ManifestMissing { found } => Err(StorageError::DataCorruption {
            file: storage.name(Part::Manifest),
            offset: 0,
            reason: format!("the manifest is missing although there is {found}"),
        }),
        place => Ok(place),
    }
}
