//! Fields of serialized reports: durations as seconds, a number with a fraction, and errors as
//! their text, which is whole.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer};

pub(crate) fn seconds<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration.as_secs_f64().serialize(serializer)
}

pub(crate) fn optional_seconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration
        .map(|duration| duration.as_secs_f64())
        .serialize(serializer)
}

pub(crate) fn optional_text<S: Serializer>(
    error: &Option<impl fmt::Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => serializer.serialize_some(&format_args!("{error}")),
        None => serializer.serialize_none(),
    }
}
