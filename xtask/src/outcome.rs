//! The outcome of a command: passed, skipped, or failed.

use std::fmt;
use std::io;
use std::iter;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The result of a command that did not fail.
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

impl Verdict {
    /// The verdict that shows as `text`.
    pub(crate) fn told(text: &str) -> Option<Self> {
        if let Some(reason) = text.strip_prefix("skipped: ") {
            return Some(Self::Skipped(reason.to_owned()));
        }
        match text.strip_prefix("ok")? {
            "" => Some(Self::Passed),
            more => {
                let remark = more.strip_prefix(" (")?.strip_suffix(')')?;
                Some(Self::PassedWith(remark.to_owned()))
            }
        }
    }
}

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

/// Tries every item and then fails with all failures at once, so that one run tells everything.
pub(crate) fn each<I>(items: I, mut run: impl FnMut(I::Item) -> Outcome<()>) -> Outcome<()>
where
    I: IntoIterator,
{
    let failures: Vec<String> = items
        .into_iter()
        .filter_map(|item| run(item).err())
        .map(|failure| failure.0)
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure(failures.join("\n")))
    }
}

/// Tries every item as [`each`] does, on as many threads as there are processors.
pub(crate) fn each_side_by_side<I>(
    items: I,
    run: impl Fn(I::Item) -> Outcome<()> + Sync,
) -> Outcome<()>
where
    I: IntoIterator<IntoIter: Send>,
{
    let queue = Mutex::new(items.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || each(iter::from_fn(next), &run);
    let panicked = |_| Err(Failure::new("The thread of a step panicked."));
    thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        each(workers, |worker| worker.join().unwrap_or_else(panicked))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_as_it_is_shown() {
        let remark = "compiled (no nightly)".to_owned();
        for verdict in [
            Verdict::Passed,
            Verdict::PassedWith(remark.clone()),
            Verdict::Skipped(remark),
        ] {
            assert_eq!(Verdict::told(&verdict.to_string()), Some(verdict));
        }
        for other in ["", "FAILED", "okay", "ok (", "tests ok"] {
            assert_eq!(Verdict::told(other), None);
        }
    }

    #[test]
    fn every_item_is_tried_and_every_failure_told() {
        let mut tried = Vec::new();
        let outcome = each(1..=4, |number| {
            tried.push(number);
            if number % 2 == 0 {
                Err(Failure::new(format!("{number} is even")))
            } else {
                Ok(())
            }
        });
        assert_eq!(tried, [1, 2, 3, 4]);
        assert_eq!(outcome, Err(Failure::new("2 is even\n4 is even")));
        assert_eq!(each([1, 3], |_| Ok(())), Ok(()));
    }

    #[test]
    fn every_item_is_tried_once_side_by_side() {
        let tried = Mutex::new(Vec::new());
        let outcome = each_side_by_side(1..=100, |number| {
            tried.lock().unwrap().push(number);
            match number {
                7 => Err(Failure::new("7 is odd")),
                _ => Ok(()),
            }
        });
        let mut tried = tried.into_inner().unwrap();
        tried.sort_unstable();
        assert!(tried.into_iter().eq(1..=100));
        assert_eq!(outcome, Err(Failure::new("7 is odd")));
    }
}
