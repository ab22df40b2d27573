//! The resources of a process, as Linux reports them. On other systems the functions return `None`,
//! and rows say so.

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

/// Faults of this process so far that waited for a disk.
#[must_use]
pub fn major_faults() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program comes before and may have spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(9)?.parse().ok()
}

/// The number of times that the calling thread has waited so far, and given its processor away.
#[must_use]
pub fn waits() -> Option<u64> {
    let status = fs::read_to_string("/proc/thread-self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

/// The most files that this process may have open.
#[must_use]
pub fn open_files() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Bytes that went through the system's calls so far, on all threads of this process. Mappings do
/// not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// By calls that read.
    pub read: u64,
    /// By calls that write.
    pub written: u64,
}

/// The bytes that this process has transferred.
#[must_use]
pub fn transferred() -> Option<Transferred> {
    let io = fs::read_to_string("/proc/self/io").ok()?;
    let field = |name: &str| {
        io.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    };
    Some(Transferred {
        read: field("rchar:")?,
        written: field("wchar:")?,
    })
}

fn status(id: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}
