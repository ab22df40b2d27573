//! The running tree from outside: its calls, heads, panics, and shortages.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

#[path = "../common/builder.rs"]
mod builder;
mod calls;
#[path = "../common/counted.rs"]
mod common_counted;
mod counted;
#[cfg(unix)]
mod descriptors;
mod follow;
mod heads;
mod hook;
#[path = "../common/intercepted.rs"]
mod intercepted;
mod large_batches;
mod long_log;
mod offers;
mod panics;
mod shortage;
#[path = "../common/silence.rs"]
mod silence;
