//! Hash functions for n-ary Merkle trees.
#![no_std]
#![deny(unsafe_code)]

#[cfg(feature = "blake3")]
mod blake3;
#[cfg(feature = "digest")]
mod digest;
mod fingerprint;
mod group_state;
mod hasher;
#[cfg(feature = "test-util")]
mod toy;

#[cfg(feature = "blake3")]
pub use crate::blake3::Blake3Hasher;
#[cfg(feature = "digest")]
pub use crate::digest::DigestHasher;
#[cfg(feature = "keccak")]
pub use crate::digest::Keccak256Hasher;
#[cfg(feature = "sha2")]
pub use crate::digest::Sha256Hasher;
pub use crate::group_state::GroupState;
pub use crate::hasher::{Hash, Hasher};
#[cfg(feature = "test-util")]
pub use crate::toy::ToyHasher;
