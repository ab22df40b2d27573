//! What happens in the background, told through `tracing` where that feature is on. Libraries print nothing.

use std::time::Duration;

use crate::{RecoveryReport, StorageError};

#[cfg(feature = "tracing")]
mod told {
    use super::{Duration, RecoveryReport, StorageError};

    const TARGET: &str = "rotortree";

    pub(in crate::engine) fn opened(place: &str, size: u64, report: &RecoveryReport) {
        if let Some(damage) = &report.damage {
            tracing::error!(target: TARGET, place, file = damage.at.file, offset = damage.at.offset, reason = damage.at.reason, "the log was damaged");
        }
        tracing::info!(
            target: TARGET, place, size, created = report.created, was_closed = report.was_closed,
            replayed_leaves = report.replayed_leaves, torn = report.tear.is_some(), "opened"
        );
    }

    pub(in crate::engine) fn locked(place: &str) {
        tracing::warn!(target: TARGET, place, "the place has another owner");
    }

    pub(in crate::engine) fn synced(leaves: u64, took: Duration) {
        tracing::trace!(target: TARGET, leaves, ?took, "synced");
    }

    pub(in crate::engine) fn rotated(segment: u64) {
        tracing::debug!(target: TARGET, segment, "started a log segment");
    }

    pub(in crate::engine) fn checkpointed(size: u64, took: Duration) {
        tracing::debug!(target: TARGET, size, ?took, "checkpointed");
    }

    pub(in crate::engine) fn checkpoint_failed(error: &StorageError) {
        tracing::warn!(target: TARGET, %error, "a checkpoint failed");
    }

    pub(in crate::engine) fn unavailable(error: &std::io::Error) {
        tracing::warn!(target: TARGET, %error, "nothing could be written for now");
    }

    pub(in crate::engine) fn failed(error: &std::io::Error) {
        tracing::error!(target: TARGET, %error, "writing failed for good");
    }

    pub(in crate::engine) fn closed(place: &str) {
        tracing::info!(target: TARGET, place, "closed");
    }
}

#[cfg(not(feature = "tracing"))]
mod told {
    use super::{Duration, RecoveryReport, StorageError};

    pub(in crate::engine) fn opened(_: &str, _: u64, _: &RecoveryReport) {}
    pub(in crate::engine) fn locked(_: &str) {}
    pub(in crate::engine) fn synced(_: u64, _: Duration) {}
    pub(in crate::engine) fn rotated(_: u64) {}
    pub(in crate::engine) fn checkpointed(_: u64, _: Duration) {}
    pub(in crate::engine) fn checkpoint_failed(_: &StorageError) {}
    pub(in crate::engine) fn unavailable(_: &std::io::Error) {}
    pub(in crate::engine) fn failed(_: &std::io::Error) {}
    pub(in crate::engine) fn closed(_: &str) {}
}

pub(super) use told::*;
