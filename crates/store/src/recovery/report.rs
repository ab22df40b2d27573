//! [`RecoveryReport`]: what opening found and did.

/// What opening found and did. Also told when nothing was wrong. As text ([`Display`](std::fmt::Display)) it is one line; with the
/// feature `serde` it serializes as a map of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RecoveryReport {
    /// The store was created by this call.
    pub created: bool,
    /// The last run closed the store cleanly.
    pub was_closed: bool,
    /// Leaves that the checkpoint gave.
    pub checkpoint_size: u64,
    /// Whether every stored node was compared with the hash of its children.
    pub verified: bool,
    /// Segments of the log read.
    pub segments: u64,
    /// Records replayed; a batch beyond 1 MiB has several.
    pub replayed_records: u64,
    /// Leaves replayed.
    pub replayed_leaves: u64,
    /// Valid records that were not replayed: behind a break, or of a batch whose end is missing. None had been acknowledged as durable
    /// unless there is `damage`.
    pub cut_records: u64,
    /// The leaves in these records.
    pub cut_leaves: u64,
    /// Where the log ended in something that was never known to be durable, which is what a crash leaves.
    pub tear: Option<LogBreak>,
    /// Where something was damaged that is known to have been durable.
    pub damage: Option<Damage>,
}

/// A place where the log breaks off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LogBreak {
    /// The segment.
    pub file: String,
    /// Byte offset in it.
    pub offset: u64,
    /// What is wrong there.
    pub reason: String,
}

/// What was lost although it had been durable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Damage {
    /// Where.
    pub at: LogBreak,
    /// The last record that was recovered.
    pub valid_sequence: u64,
    /// The last record that is known to have been durable.
    pub durable_sequence: u64,
    /// Where the bytes from there on are kept.
    pub kept_aside: Vec<String>,
}
