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
mod tail;
mod target;
mod verdict;

use std::sync::Arc;

use rotortree_hasher::Hasher;
use rotortree_lean_imt::LeanIMT;
use rotortree_wal::{Assessment, Position};

use self::checkpoint::{Checkpointed, check_identity, load_checkpoint};
pub(crate) use self::reading::{GoneOn, Reading};
pub use self::report::{Damage, LogBreak, RecoveryReport};
pub(crate) use self::segments::LiveLog;
use self::{
    beginning::Beginning,
    counts::ensure_count,
    eager::{ReplayedPrefix, Scanned},
    progress::Progress,
    replay::Replayer,
    tail::Tail,
    verdict::{accept, judge, record_cut},
};
pub(crate) use self::{checkpoint::load_manifest, counts::ensure_room, create::create};
use crate::{
    RotorTreeError, StorageError,
    ahead::ChunksAhead,
    cold::ColdNodes,
    engine::log::{Identity, LogWriter, NewestSegment, Successor},
    manifest::Manifest,
    settings::Settings,
    spans,
    storage::{Ownership, Part, Place, Storage, WriteError},
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
    let mut report = RecoveryReport::default();
    let ceiling = config.ceiling(MAX_DEPTH);
    let ownership = own(&**storage, config, |storage| {
        report.created = true;
        let stride = config.stride::<H>(N) as u32;
        let fingerprint = hasher.fingerprint(N);
        create(storage, N as u32, ceiling as u32, stride, fingerprint, None)
    })?;
    let mut manifest = load_manifest(&**storage)?;
    check_identity::<H, N>(hasher, &manifest, ceiling)?;
    ensure_room(&**storage, &manifest)?;
    let is_raised = config.raise_max_depth && manifest.max_depth != ceiling as u32;
    if is_raised {
        manifest.max_depth = ceiling as u32;
    }
    let is_closed = manifest.clean_close.is_some() && !is_raised;
    let Checkpointed { mut tree, cold } = spans::load_checkpoint(manifest.size)
        .run(|| load_checkpoint(hasher, storage, &manifest, config, &mut report))?;

    let live = LiveLog::read_owned(storage, &manifest)?;
    let read = read_log(&live, &mut tree, &manifest, config, &mut report)?;
    let ReadLog {
        assessment,
        durable,
        unattested,
        ahead,
    } = read;
    accept(
        &tree,
        &**storage,
        &manifest,
        &assessment,
        config.expect_head,
    )?;
    report.size = durable.size;
    let beginning = Beginning::new(live, &manifest, assessment.used_bytes, unattested);
    let newest = NewestSegment {
        header: manifest.newest,
        earlier: assessment.used_bytes + ahead.iter().map(ChunksAhead::bytes).sum::<u64>(),
        // Nothing goes behind it.
        offset: 0,
        durable_len: 0,
    };
    let mut log = LogWriter::new(Identity::of(&manifest), newest, durable, Successor::Absent);
    let is_sound = report.damage.is_none() && assessment.attested == assessment.end;
    if is_closed && is_sound {
        log.successor = Successor::Due(Box::new(beginning));
    } else {
        begin(
            &mut log,
            &beginning,
            &mut manifest,
            &assessment,
            &mut report,
        )?;
    }
    report.cuts.clone_from(&manifest.cuts);
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

/// Takes ownership, and creates a store with `create` where there is none.
fn own(
    storage: &dyn Storage,
    config: &Settings,
    create: impl FnOnce(&dyn Storage) -> Result<(), StorageError>,
) -> Result<Box<dyn Ownership>, StorageError> {
    // Inspected before anything is touched: opening must leave a foreign directory alone, and must
    // not create a store that must exist.
    inspect_to_open(storage, config)?;
    let ownership = storage.acquire()?;
    if inspect_to_open(storage, config)? == Place::Vacant {
        storage.sweep()?;
        create(storage)?;
    }
    Ok(ownership)
}

/// What was read of a log into the tree.
struct ReadLog {
    assessment: Assessment,
    /// State at the end of the log.
    durable: Position,
    /// The records that no segment attests.
    unattested: Tail,
    /// The chunks that the records refer to.
    ahead: Vec<ChunksAhead>,
}

/// Judges the log, and replays it into the tree.
fn read_log<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    live: &LiveLog,
    tree: &mut LeanIMT<H, N, MAX_DEPTH>,
    manifest: &Manifest,
    config: &Settings,
    report: &mut RecoveryReport,
) -> Result<ReadLog, RotorTreeError> {
    let storage = &**live.storage();
    let nothing = ReplayedPrefix::nothing(manifest.position());
    let scanned = spans::scan_log(live.segments.len(), live.total_bytes())
        .run(|| live.assess_and_replay(tree, nothing, 0, Progress::of(live, config)));
    let Scanned {
        mut assessment,
        replayed,
        mut ahead,
        ..
    } = scanned.map_err(StorageError::Io)?;
    if storage.readable_is_durable() {
        assessment.attested = assessment.attested.max(assessment.end);
    }
    ensure_count(storage, Part::Log, "entry", assessment.end)?;
    judge(live, manifest, &assessment, config.recovery, report)?;

    let mut replayer = Replayer::new(live, tree, &replayed?, Progress::of(live, config));
    let behind = assessment.end.saturating_sub(manifest.sequence);
    let unattested = spans::replay(behind).run(|| {
        replayer.run(assessment.attested.min(assessment.end))?;
        let (base, place) = (replayer.position(), replayer.place());
        let ends = replayer.run(assessment.end)?;
        Ok::<_, RotorTreeError>(Tail { base, place, ends })
    })?;
    report.count_replayed(replayer.counts());
    ahead.extend(replayer.take_ahead());
    Ok(ReadLog {
        durable: replayer.position(),
        assessment,
        unattested,
        ahead,
    })
}

/// Begins the log of this run: its segment, and the manifest that names it and has a cut on record.
fn begin(
    log: &mut LogWriter,
    beginning: &Beginning,
    manifest: &mut Manifest,
    assessment: &Assessment,
    report: &mut RecoveryReport,
) -> Result<(), StorageError> {
    let live = beginning.log();
    let storage = &**live.storage();
    if !report.created {
        storage.sweep()?;
    }
    let header = log.next_header().map_err(WriteError::into_io)?;
    let begun = beginning.create(header)?;
    manifest.generation += 1;
    if let Some(damage) = &mut report.damage {
        // Runs after every step that can refuse to open. The segments with the cut bytes still
        // exist, and stay until these bytes are in quarantine.
        let kept = record_cut(live, assessment, log.durable, manifest, damage);
        if let Err(error) = kept {
            // Nothing names the segment. The next opening would remove it, too.
            drop(storage.remove_segment(begun.header.number));
            return Err(error);
        }
    }
    begun.name_in(manifest, log.durable);
    storage
        .commit_manifest(manifest.generation, &manifest.encode())
        .map_err(WriteError::into_io)?;
    log.enter_first(&begun, beginning);
    if assessment.attested < assessment.end {
        // Attested only now: a reader may see the manifest before it is durable, and a record
        // without an attestation in the older segments may be lost with the manifest.
        log.wants_mark = true;
        log.mark(storage).map_err(WriteError::into_io)?;
    }
    Ok(())
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
