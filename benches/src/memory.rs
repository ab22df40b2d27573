//! Memory: allocations, the process's memory as the system reports it, and malloc's recycling.

pub mod counting;
pub mod group;
pub mod malloc;
pub mod process;
pub mod streaming;
