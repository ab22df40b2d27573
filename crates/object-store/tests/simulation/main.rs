//! The protocol over a simulated bucket: requests are lost, answered late or never, land twice or
//! long after the client gave up, and clients stall and wake at every step.
//!
//! Every test holds what was acknowledged and what was shown to the rules of [`observed`]. The
//! bucket keeps the semantics that a store must have and no others: objects are created once, read
//! after they are written, listed, and deleted.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod bucket;
mod cached;
mod collections;
mod faulty;
mod history;
mod moves;
mod observed;
mod random;
mod single;
mod stalled;
mod takeovers;
