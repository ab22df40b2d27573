//! Memory: what was allocated, what the system says the process has, and whether malloc recycles.

pub mod counting;
pub mod malloc;
pub mod process;
