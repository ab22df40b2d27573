//! Checkpoints written and read back: every node at every size, damage, snapshots that outlive what
//! they were taken from.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail like one")]

mod backends;
mod checkpoints;
mod damage;
mod faults;
mod place;
mod random;
mod sizes;
mod snapshots;
mod store;
mod verify;
