//! What the system says a process has. Linux tells; elsewhere the answer is `None`, and rows say so.

use std::fs;

/// Bytes of memory of process `id` that no file backs.
#[must_use]
pub fn anonymous(id: u32) -> Option<u64> {
    status(id, "RssAnon:").map(|kilobytes| kilobytes << 10)
}

/// Threads of process `id`.
#[must_use]
pub fn threads(id: u32) -> Option<u64> {
    status(id, "Threads:")
}

fn status(id: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}
