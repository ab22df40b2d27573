//! A tree in a bucket: [`Storage`](rotortree_store::storage::Storage) over the `object_store`
//! crate.
//!
//! One writer at a time, any number of readers on other machines, no server of ours: the object
//! store is the distributed engine. It must have strong reads after writes and creation if absent.
//!
//! Every object is created once. Groups of the log are objects named by segment and offset, units
//! of the levels travel in packs, manifests are numbered, and the claim of an owner is the next
//! manifest. What a lost answer did is settled by reading back, and a name that other bytes have
//! means that there is another owner.
#![forbid(unsafe_code)]
