//! The trees, a crate each.

pub mod commonware;
pub mod ct_merkle;
pub mod pmtree;
pub mod rs_merkle;
pub mod semaphore;
pub mod zk_kit;
