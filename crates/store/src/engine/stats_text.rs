//! [`Stats`] as a line of text: `name=value` pairs with the names of the fields.

use std::fmt;

use super::stats::Stats;

/// One line of `name=value` pairs in the order of the fields, without those that are `None`.
/// Durations are written as `1.5ms`, texts in quotes. The names are the fields' names, and as
/// stable.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every field by name: a new field that is not written here does not compile.
        let Self {
            size,
            durable_size,
            checkpointed_size,
            pending_bytes,
            uncheckpointed_bytes,
            log_bytes,
            resident_node_bytes,
            log_segments,
            log_segment_bytes,
            syncs,
            synced_leaves,
            last_sync,
            last_sync_age,
            rotations,
            checkpoints,
            checkpoint_failures,
            last_checkpoint,
            last_checkpoint_age,
            checkpoint_error,
            stalls,
            stalled,
            unserved,
            removal_failures,
            view_failures,
            unavailable,
            unavailable_error,
            unacknowledged_cuts,
            failure,
        } = self;
        write!(
            f,
            "size={size} durable_size={durable_size} checkpointed_size={checkpointed_size} \
             pending_bytes={pending_bytes} uncheckpointed_bytes={uncheckpointed_bytes} \
             log_bytes={log_bytes} resident_node_bytes={resident_node_bytes} log_segments={log_segments} \
             log_segment_bytes={log_segment_bytes} syncs={syncs} synced_leaves={synced_leaves}"
        )?;
        optional(f, "last_sync", last_sync)?;
        optional(f, "last_sync_age", last_sync_age)?;
        write!(
            f,
            " rotations={rotations} checkpoints={checkpoints} checkpoint_failures={checkpoint_failures}"
        )?;
        optional(f, "last_checkpoint", last_checkpoint)?;
        optional(f, "last_checkpoint_age", last_checkpoint_age)?;
        optional_text(f, "checkpoint_error", checkpoint_error)?;
        write!(
            f,
            " stalls={stalls} stalled={stalled:?} unserved={unserved} removal_failures={removal_failures} \
             view_failures={view_failures} unavailable={unavailable}"
        )?;
        optional_text(f, "unavailable_error", unavailable_error)?;
        write!(f, " unacknowledged_cuts={unacknowledged_cuts}")?;
        optional_text(f, "failure", failure)
    }
}

fn optional(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    value: &Option<impl fmt::Debug>,
) -> fmt::Result {
    match value {
        Some(value) => write!(f, " {name}={value:?}"),
        None => Ok(()),
    }
}

fn optional_text(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    error: &Option<impl fmt::Display>,
) -> fmt::Result {
    optional(f, name, &error.as_ref().map(ToString::to_string))
}
