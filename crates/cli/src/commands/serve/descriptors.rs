//! [`connections`]: so many connections that the tree keeps descriptors for its files.

/// Descriptors for everything but the connections: up to 64 that are refused, and as many for files
/// of the tree, tokens, tiles, an index that is saved.
#[cfg(unix)]
const OTHERS: u64 = 128;

/// How many of so many connections leave descriptors for the tree, under the limit that this
/// process [has raised](crate::limits): without one, appends would fail for as long as clients
/// like.
#[cfg(unix)]
pub(super) fn connections(wanted: u32) -> u32 {
    use rustix::process::{Resource, getrlimit};

    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = limit.saturating_sub(OTHERS).max(1);
    wanted.min(u32::try_from(most).unwrap_or(u32::MAX))
}

/// Handles have no such limit.
#[cfg(not(unix))]
pub(super) fn connections(wanted: u32) -> u32 {
    wanted
}
