//! What a comparison gives: nothing, or a sentence that says what differs.

use std::error::Error;
use std::fmt::Debug;

/// What a step found.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Fails with a sentence unless the two are equal.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, ours: &T, theirs: &T) -> Outcome<()> {
    if ours == theirs {
        return Ok(());
    }
    Err(format!("{what} differs: ours is {ours:?}, theirs {theirs:?}").into())
}
