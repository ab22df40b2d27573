//! [`connections`]: so many connections that the tree keeps descriptors for its files.

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for everything but the connections: up to 64 that are refused, and as many for files
/// of the tree, tokens, tiles, an index that is saved.
#[cfg(unix)]
const OTHERS: u64 = 128;

/// Raises this process's limit of descriptors for so many connections, as far as the system lets
/// it. Returns how many of them leave descriptors for the tree: without one, appends would fail
/// for as long as clients like.
#[cfg(unix)]
pub(super) fn connections(wanted: u32) -> u32 {
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::from(wanted) + OTHERS;
    let Some(current) = limit.current.filter(|current| *current < needed) else {
        return wanted;
    };
    let raised = limit.maximum.map_or(needed, |most| most.min(needed));
    let raised_limit = Rlimit {
        current: Some(raised),
        ..limit
    };
    let is_raised = raised > current && setrlimit(Resource::Nofile, raised_limit).is_ok();
    let there = if is_raised { raised } else { current };
    // Fewer than `wanted`, which has 32 bits.
    there.saturating_sub(OTHERS).max(1) as u32
}

/// Handles have no such limit.
#[cfg(not(unix))]
pub(super) fn connections(wanted: u32) -> u32 {
    wanted
}
