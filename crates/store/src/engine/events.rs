//! Events of the background, through `tracing` with that feature.
//!
//! A subscriber may call any method of the tree, so each event waits in the
//! [`outbox`](super::outbox) until its thread holds no lock.

use std::{sync::Arc, time::Duration};

#[cfg(feature = "tracing")]
use super::outbox::defer;
use crate::RecoveryReport;

#[cfg(feature = "tracing")]
mod told {
    use super::{Arc, Duration, RecoveryReport, defer};

    const TARGET: &str = "rotortree";

    pub(in crate::engine) fn opened(place: String, size: u64, report: RecoveryReport) {
        defer(move || {
            if let Some(damage) = &report.damage {
                tracing::error!(target: TARGET, place, file = damage.at.file, offset = damage.at.offset, reason = damage.at.reason, "the log was damaged");
            }
            for cut in &report.cuts {
                tracing::warn!(
                    target: TARGET, place, generation = cut.generation, kept_size = cut.kept.size,
                    lost_leaves = cut.lost_leaves(), "a cut of durable entries is not acknowledged"
                );
            }
            for segment in &report.restored_headers {
                tracing::warn!(target: TARGET, place, segment, "a segment's header was damaged and read from its copy");
            }
            tracing::info!(
                target: TARGET, place, size, created = report.created, was_closed = report.was_closed,
                replayed_leaves = report.replayed_leaves, torn = report.tear.is_some(), unacknowledged_cuts = report.cuts.len(), "opened"
            );
        });
    }

    pub(in crate::engine) fn locked(place: String) {
        defer(move || tracing::warn!(target: TARGET, place, "the place has another owner"));
    }

    pub(in crate::engine) fn synced(leaves: u64, took: Duration) {
        defer(move || tracing::trace!(target: TARGET, leaves, ?took, "synced"));
    }

    pub(in crate::engine) fn rotated(segment: u64) {
        defer(move || tracing::debug!(target: TARGET, segment, "started a log segment"));
    }

    pub(in crate::engine) fn checkpointed(size: u64, took: Duration) {
        defer(move || tracing::debug!(target: TARGET, size, ?took, "checkpointed"));
    }

    pub(in crate::engine) fn checkpoint_failed(error: String) {
        defer(move || tracing::warn!(target: TARGET, error, "a checkpoint failed"));
    }

    pub(in crate::engine) fn unavailable(error: Arc<std::io::Error>) {
        defer(move || tracing::warn!(target: TARGET, %error, "nothing could be written for now"));
    }

    pub(in crate::engine) fn failed(error: Arc<std::io::Error>) {
        defer(move || tracing::error!(target: TARGET, %error, "writing failed for good"));
    }

    pub(in crate::engine) fn closed(place: &str) {
        let place = place.to_owned();
        defer(move || tracing::info!(target: TARGET, place, "closed"));
    }
}

#[cfg(not(feature = "tracing"))]
mod told {
    use super::{Arc, Duration, RecoveryReport};

    pub(in crate::engine) fn opened(_: String, _: u64, _: RecoveryReport) {}
    pub(in crate::engine) fn locked(_: String) {}
    pub(in crate::engine) fn synced(_: u64, _: Duration) {}
    pub(in crate::engine) fn rotated(_: u64) {}
    pub(in crate::engine) fn checkpointed(_: u64, _: Duration) {}
    pub(in crate::engine) fn checkpoint_failed(_: String) {}
    pub(in crate::engine) fn unavailable(_: Arc<std::io::Error>) {}
    pub(in crate::engine) fn failed(_: Arc<std::io::Error>) {}
    pub(in crate::engine) fn closed(_: &str) {}
}

pub(super) use told::*;
