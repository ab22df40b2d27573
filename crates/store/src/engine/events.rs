//! Events of the background, through `tracing` with that feature.
//!
//! A subscriber may call any method of the tree, so each event waits in the
//! [`outbox`](super::outbox) until its thread holds no lock.

use std::{io, sync::Arc, time::Duration};

#[cfg(feature = "tracing")]
use super::outbox::defer;
use crate::RecoveryReport;

#[cfg(feature = "tracing")]
const TARGET: &str = "rotortree";

/// Makes a function for each event. Without the feature it does nothing.
macro_rules! events {
    ($(fn $name:ident($($argument:ident: $type:ty),*) { $($emit:tt)* })*) => { $(
        #[cfg(feature = "tracing")]
        pub(crate) fn $name($($argument: $type),*) {
            defer(move || { $($emit)* });
        }

        #[cfg(not(feature = "tracing"))]
        pub(crate) fn $name($(_: $type),*) {}
    )* };
}

events! {
    fn opened(place: String, size: u64, report: RecoveryReport) {
        if let Some(damage) = &report.damage {
            tracing::error!(
                target: TARGET, place, file = damage.at.file, offset = damage.at.offset,
                reason = damage.at.reason, "the log was damaged"
            );
        }
        for cut in &report.cuts {
            tracing::warn!(
                target: TARGET, place, generation = cut.generation, kept_size = cut.kept.size,
                lost_leaves = cut.lost_leaves(), "a cut of durable entries is not acknowledged"
            );
        }
        for segment in &report.restored_headers {
            tracing::warn!(
                target: TARGET, place, segment,
                "a segment's header was damaged and read from its copy"
            );
        }
        tracing::info!(
            target: TARGET, place, size, created = report.created, was_closed = report.was_closed,
            replayed_leaves = report.replayed_leaves, torn = report.tear.is_some(),
            unacknowledged_cuts = report.cuts.len(), "opened"
        );
    }
    fn locked(place: String) {
        tracing::warn!(target: TARGET, place, "the place has another owner");
    }
    fn synced(leaves: u64, took: Duration) {
        tracing::trace!(target: TARGET, leaves, ?took, "synced");
    }
    fn rotated(segment: u64) {
        tracing::debug!(target: TARGET, segment, "started a log segment");
    }
    fn checkpointed(size: u64, took: Duration) {
        tracing::debug!(target: TARGET, size, ?took, "checkpointed");
    }
    fn checkpoint_failed(error: String) {
        tracing::warn!(target: TARGET, error, "a checkpoint failed");
    }
    fn unavailable(error: Arc<io::Error>) {
        tracing::warn!(target: TARGET, %error, "nothing could be written for now");
    }
    fn failed(error: Arc<io::Error>) {
        tracing::error!(target: TARGET, %error, "writing failed for good");
    }
    fn closed(place: String) {
        tracing::info!(target: TARGET, place, "closed");
    }
}
