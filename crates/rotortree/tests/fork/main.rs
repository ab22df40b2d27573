//! A process that forks while it owns a tree: the child has a tree that is closed, and the parent
//! notices nothing.
//!
//! A program of its own: a forked child holds copies of every descriptor of its parent, the locks
//! of other tests' trees included. A child that hangs is killed and told after a minute; all of it
//! takes about 10 s.
//!
//! No thread may start in a child whose parent was starting or ending one when it forked (see
//! [`threads`]). So children here do the work that the product does on the calling thread, and work
//! with threads only where threads start.
#![cfg(all(unix, feature = "storage", feature = "blake3"))]
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

#[path = "../common/mod.rs"]
mod common;
#[expect(
    unsafe_code,
    reason = "forking, and ending a forked child without the exit handlers of its parent"
)]
mod forked;
#[cfg(feature = "index")]
mod index;
mod owners;
mod pending;
mod threads;
mod under_load;
mod use_in_child;
