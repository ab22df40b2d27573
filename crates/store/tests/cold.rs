//! Checkpoints written and read back: every node at every size, damage, snapshots that outlive what
//! they were taken from.

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
