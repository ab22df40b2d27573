//! Turns the assessment of the log into a report or an error, and refuses an unexpected tree.

use rotortree_hasher::Hasher;
use rotortree_lean_imt::{LeanIMT, TreeHead, TreeSnapshot};
use rotortree_wal::{Assessment, Position, Verdict};

use super::{
    Damage, LogBreak, RecoveryReport,
    known::Known,
    segments::{LiveLog, describe},
};
use crate::{
    RecoveryMode, RotorTreeError, StorageError,
    manifest::{CutNotice, Manifest, push_cut},
    storage::{Part, Storage},
};

/// Turns the first pass's verdict into the report, or into an error if the mode demands one.
pub(super) fn judge(
    live: &LiveLog,
    manifest: &Manifest,
    assessment: &Assessment,
    mode: RecoveryMode,
    report: &mut RecoveryReport,
) -> Result<(), StorageError> {
    report.segments = live.segments.len() as u64;
    report.was_closed = manifest.clean_close.is_some() && !report.created;
    report.restored_headers = live.restored();
    report.cut_records = assessment.cut_records;
    report.cut_leaves = assessment.cut_leaves;
    let place = |found: &rotortree_wal::Break| LogBreak {
        file: live.name(found.place.segment),
        offset: found.place.offset,
        reason: describe(&found.cause),
    };
    let found = match &assessment.verdict {
        Verdict::Whole => return Ok(()),
        Verdict::Torn(found) => {
            report.tear = Some(place(found));
            return Ok(());
        }
        Verdict::Damaged(found) => place(found),
    };
    let known = Known::gather(live, manifest, assessment)?;
    let lost = known.lost(assessment.size);
    if mode == RecoveryMode::Strict {
        return Err(StorageError::WalCorrupted {
            file: found.file,
            offset: found.offset,
            reason: found.reason,
            valid_sequence: assessment.end,
            valid_size: assessment.size,
            durable_sequence: assessment.attested,
            lost: lost.map(Box::new),
        });
    }
    let is_all_lost = assessment.size == 0 && (known.leaves > 0 || known.may_have_had_more);
    if is_all_lost && mode != RecoveryMode::AcceptLoss {
        return Err(StorageError::NothingLeft {
            file: found.file,
            offset: found.offset,
            reason: found.reason,
            known_size: known.leaves,
            lost: lost.map(Box::new),
        });
    }
    report.damage = Some(Damage {
        at: found,
        valid_sequence: assessment.end,
        valid_size: assessment.size,
        durable_sequence: assessment.attested,
        lost,
        quarantined: Vec::new(),
    });
    Ok(())
}

/// Quarantines the cut bytes of a damaged log, and records the cut in `manifest`, which is
/// committed next.
pub(super) fn record_cut(
    live: &LiveLog,
    assessment: &Assessment,
    kept: Position,
    manifest: &mut Manifest,
    damage: &mut Damage,
) -> Result<(), StorageError> {
    let mut labels = Vec::new();
    if let Some(cut) = assessment.cut {
        for file in live.quarantine(cut)? {
            labels.push(file.label);
            damage.quarantined.push(file.place);
        }
    }
    let notice = CutNotice::new(
        manifest.generation,
        kept,
        damage.durable_sequence,
        damage.lost,
        labels,
    );
    push_cut(&mut manifest.cuts, notice);
    Ok(())
}

/// Checks the recovered tree for the last time before anything is written.
pub(super) fn accept<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    tree: &LeanIMT<H, N, MAX_DEPTH>,
    storage: &dyn Storage,
    manifest: &Manifest,
    assessment: &Assessment,
    expected: Option<TreeHead>,
) -> Result<(), RotorTreeError> {
    if let Some(close) = &manifest.clean_close
        && close.sequence == assessment.end
        && (close.size, close.root) != (tree.size(), tree.root().unwrap_or_default())
    {
        return Err(StorageError::DataCorruption {
            file: storage.name(Part::Log),
            offset: 0,
            reason: format!(
                "the log leads to another tree of {} leaves than the one that was closed with {}",
                tree.size(),
                close.size
            ),
        }
        .into());
    }
    expect_head(&tree.snapshot(), expected)
}

/// Refuses a tree that does not contain a head that the caller expects.
pub(super) fn expect_head<const N: usize, const MAX_DEPTH: usize>(
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    expected: Option<TreeHead>,
) -> Result<(), RotorTreeError> {
    let Some(expected) = expected else {
        return Ok(());
    };
    let unexpected = |reason: String| {
        Err(StorageError::UnexpectedHead {
            size: expected.size,
            reason,
        }
        .into())
    };
    if snapshot.size() < expected.size {
        return unexpected(format!("it has only {} leaves", snapshot.size()));
    }
    let root = snapshot.snapshot_at(expected.size)?.root();
    if root.unwrap_or_default() != expected.root {
        return unexpected("its root at that size is another".into());
    }
    Ok(())
}
