//! Checkpoints written and read back: every node at every size, damage, and snapshots that
//! outlive their trees.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod backends;
mod block_cache;
mod checkpoints;
mod damage;
mod faults;
mod few_levels;
mod first_use;
mod hints;
mod place;
mod random;
mod sizes;
mod snapshots;
mod store;
mod verify;
