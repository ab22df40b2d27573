//! What opening makes of what the log is worth: a report, an error, or a refusal of a tree that is not the expected one.

use rotortree_hasher::Hasher;
use rotortree_lean_imt::{LeanIMT, TreeHead, TreeSnapshot};
use rotortree_wal::{Assessment, Verdict};

use super::{
    Damage, LogBreak, RecoveryReport,
    segments::{LiveLog, describe},
};
use crate::{
    RecoveryMode, RotorTreeError, StorageError,
    manifest::Manifest,
    storage::{Part, Storage},
};

/// Turns the first pass's verdict into the report, or into an error where the mode wants one.
pub(super) fn judge(
    live: &LiveLog,
    assessment: &Assessment,
    mode: RecoveryMode,
    report: &mut RecoveryReport,
) -> Result<(), StorageError> {
    let place = |found: &rotortree_wal::Break| LogBreak {
        file: live.name(found.place.segment),
        offset: found.place.offset,
        reason: describe(&found.cause),
    };
    match &assessment.verdict {
        Verdict::Whole => {}
        Verdict::Torn(found) => report.tear = Some(place(found)),
        Verdict::Damaged(found) => {
            let at = place(found);
            if mode == RecoveryMode::Strict {
                return Err(StorageError::WalCorrupted {
                    file: at.file,
                    offset: at.offset,
                    reason: at.reason,
                    valid_sequence: assessment.end,
                    durable_sequence: assessment.attested,
                });
            }
            report.damage = Some(Damage {
                at,
                valid_sequence: assessment.end,
                durable_sequence: assessment.attested,
                kept_aside: Vec::new(),
            });
        }
    }
    Ok(())
}

/// The last look at what was recovered, before anything of it is written.
pub(super) fn accept<H: Hasher, const N: usize, const D: usize>(
    tree: &LeanIMT<H, N, D>,
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

/// Refuses a tree that does not contain a head that the caller knows.
pub(super) fn expect_head<const N: usize, const D: usize>(
    snapshot: &TreeSnapshot<N, D>,
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
