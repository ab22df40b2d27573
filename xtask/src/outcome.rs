//! How a command ends: passed, skipped, or failed.

use std::fmt;
use std::io;

/// What a command that did not fail has to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything was checked.
    Passed,
    /// Passed, with a remark for the summary: usually a part that could not be checked here.
    PassedWith(String),
    /// Nothing was checked, for the reason given.
    Skipped(String),
}

/// Why a command failed, as sentences for a reader.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(String);

/// The result of every command and of every helper that can fail.
pub(crate) type Outcome<T = Verdict> = Result<T, Failure>;

impl Failure {
    /// A failure that reads as `text`.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A failure of reading or writing `what`.
    pub(crate) fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        Self(format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::PassedWith(remark) => write!(f, "ok ({remark})"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}
