//! A tree in a bucket: [`Storage`](rotortree_store::storage::Storage) over the `object_store`
//! crate.
//!
//! One writer at a time, any number of readers on other machines, no server of ours: the object
//! store is the distributed engine. It must have strong reads after writes and creation if absent.
//!
//! Every object is created once. Groups of the log are objects named by segment and offset, units
//! of the levels travel in packs, manifests are numbered, and the claim of an owner is the next
//! manifest. What a lost answer did is settled by reading back, and a name that other bytes have
//! means that there is another owner. `docs/object-store.md` has the protocol, step by step.
#![forbid(unsafe_code)]

mod bridge;
mod bucket;
mod cache;
mod claim;
mod client;
mod collector;
mod counters;
mod disk_cache;
mod events;
mod failure;
mod fill;
mod frame;
mod heartbeat;
mod id;
mod location;
mod log;
mod manifests;
mod memory;
mod names;
mod object_storage;
mod once;
mod packs;
mod probe;
mod record;
mod requests;
mod settings;
mod storage;
mod tenure;

pub use cache::{MappedPack, PackCache};
pub use collector::Collected;
pub use disk_cache::DiskCache;
pub use object_storage::ObjectStorage;

/// The README's code, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
