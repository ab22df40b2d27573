//! What the kernels of all hash functions share on x86-64.
//!
//! - [`cpu`]: which kernels this machine can run.
//! - [`latency`]: whether a chain of vector operations is slow on it.
//! - [`lane_groups`] maps groups to vector lanes. [`zmm`] and [`ymm`] load children of 32-bit words
//!   into lanes and store the hashes.
//! - [`memory`]: vector loads and stores.

pub(crate) mod cpu;
pub(crate) mod lane_groups;
#[cfg(feature = "blake3")]
pub(crate) mod latency;
pub(crate) mod memory;
#[cfg(any(feature = "blake3", feature = "sha2"))]
pub(crate) mod ymm;
#[cfg(any(feature = "blake3", feature = "sha2"))]
pub(crate) mod zmm;
