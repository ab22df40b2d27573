//! The server as clients meet it: through a socket on a loopback address.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail like one")]

mod appends;
mod bad_input;
mod client;
mod clock;
mod events;
mod forms;
mod full_disk;
mod local;
mod overload;
mod reads;
mod running;
mod slow;
mod stopping;
mod tiles;
mod tokens;
mod views;
