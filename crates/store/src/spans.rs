//! Spans of calls and background jobs, through `tracing` with that feature.
//!
//! A span is entered before its call takes a lock, and left when the call holds none any more: a
//! subscriber is foreign code and may call any method of the tree. A panic of a subscriber does not
//! affect the call. Names, levels and fields are those of `docs/observability.md`, and a test
//! compares the two. The engine's events tell what happens within a span.

use crate::storage::Storage;

/// Defines a function for each span: its name, its level, its arguments and the fields
/// made of them.
macro_rules! spans {
    ($($name:ident: $level:ident ($($argument:ident: $kind:ty),*) { $($fields:tt)* })*) => { $(
        #[cfg(feature = "tracing")]
        pub(crate) fn $name($($argument: $kind),*) -> Span {
            Span::new(|| {
                tracing::span!(target: "rotortree", tracing::Level::$level, stringify!($name), $($fields)*)
            })
        }

        #[cfg(not(feature = "tracing"))]
        pub(crate) fn $name($(_: $kind),*) -> Span {
            Span
        }
    )* };
}

spans! {
    open: INFO (storage: &dyn Storage) { place = storage.describe(), error = Empty }
    load_checkpoint: DEBUG (size: u64) { size }
    scan_log: DEBUG (segments: usize, bytes: u64) { segments, bytes }
    replay: DEBUG (records: u64) { records }
    open_read_only: INFO (storage: &dyn Storage) { place = storage.describe(), error = Empty }
    refresh: DEBUG (storage: &dyn Storage) { place = storage.describe(), error = Empty }
    flush: DEBUG (storage: &dyn Storage) { place = storage.describe(), error = Empty }
    checkpoint: DEBUG (storage: &dyn Storage) { place = storage.describe(), error = Empty }
    backup: INFO (storage: &dyn Storage, target: &dyn Storage) {
        place = storage.describe(), target = target.describe(), error = Empty
    }
    verify: INFO (storage: &dyn Storage) { place = storage.describe(), error = Empty }
    close: INFO (storage: &dyn Storage) { place = storage.describe(), error = Empty }
}

#[cfg(feature = "tracing")]
use self::told::{Empty, Span};

#[cfg(feature = "tracing")]
mod told {
    use std::fmt::Display;

    pub(super) use tracing::field::Empty;
    use tracing::span::Entered;

    use crate::isolated::isolated;

    /// A span that was made and not entered yet; `None` where making it panicked.
    #[must_use]
    pub(crate) struct Span(Option<tracing::Span>);

    /// Within a span.
    struct Inside<'a>(Option<Entered<'a>>);

    impl Span {
        pub(super) fn new(make: impl FnOnce() -> tracing::Span) -> Self {
            Self(isolated(make))
        }

        /// Does `work` within the span, and records how it failed.
        pub(crate) fn run<T, E: Display>(
            self,
            work: impl FnOnce() -> Result<T, E>,
        ) -> Result<T, E> {
            let inside = Inside(self.0.as_ref().and_then(|span| isolated(|| span.enter())));
            let outcome = work();
            if let (Some(span), Err(error)) = (&self.0, &outcome) {
                isolated(|| {
                    span.record("error", tracing::field::display(error));
                });
            }
            drop(inside);
            outcome
        }
    }

    impl Drop for Span {
        fn drop(&mut self) {
            let span = self.0.take();
            isolated(|| drop(span));
        }
    }

    impl Drop for Inside<'_> {
        fn drop(&mut self) {
            let entered = self.0.take();
            isolated(|| drop(entered));
        }
    }
}

/// Nothing: the feature `tracing` is off.
#[cfg(not(feature = "tracing"))]
#[must_use]
pub(crate) struct Span;

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn run<T, E>(self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        work()
    }
}
