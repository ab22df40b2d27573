//! Damage, swept: every byte of small stores changed, every file removed, emptied, cut, swapped, or
//! replaced by one from another tree or an older time; files exchanged between a tree and its
//! backup. Rows 3, 4 and 8 of `docs/durability/faults.md`.
//!
//! `ROTORTREE_ALL_BITS=1` flips each bit of each byte instead of one bit of each byte.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod backup;
mod backup_identity;
mod bits;
#[path = "../common/builder.rs"]
mod builder;
mod crafted;
mod emptied;
mod files;
mod recycled;
mod refusals;
mod store;
