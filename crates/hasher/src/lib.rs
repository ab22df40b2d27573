//! Hash functions for n-ary Merkle trees.
//!
//! [`Hasher`] is a hash function as trees use it. Its one required method hashes a group of
//! children. Its other methods hash many groups at once, resume a group that grows, and check bytes
//! from outside; a hasher replaces their defaults to be faster or stricter.
//!
//! | hasher | function | feature |
//! | --- | --- | --- |
//! | `Blake3Hasher` | BLAKE3, in batches of sixteen or 32 groups at a time with AVX-512, eight with AVX2 | `blake3` (default) |
//! | `Sha256Hasher` | SHA-256, 32 groups at a time with AVX-512, two with the SHA instructions, eight with AVX2 | `sha2` |
//! | `Rfc6962Hasher` | the node hash of RFC 6962 for transparency logs, in the same batches | `sha2` |
//! | `Keccak256Hasher` | Keccak-256, as Ethereum has it, eight groups at a time with AVX-512, four with AVX2 | `keccak` |
//! | `DigestHasher<D>` | any RustCrypto digest of 32 bytes | `digest` |
//! | `ToyHasher` | cheap, not cryptographic, for tests | `test-util` |
//!
//! `check_conformance`, behind `test-util`, tests your own hasher against the contract.
//! `check_forwarding` tests a hasher that wraps another.
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "blake3")] {
//! use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
//!
//! let leaves: [Hash; 8] = core::array::from_fn(|i| [i as u8; 32]);
//! let mut parents = [[0; 32]; 2];
//! Blake3Hasher::new().hash_groups(4, &leaves, &mut parents);
//! assert_eq!(parents[1], Blake3Hasher::new().hash_children(&leaves[4..]));
//! # }
//! ```
//!
//! The crate is `no_std`, allocates nothing, and knows no trees. The hashers here hash the
//! concatenated children of a group, without a tag or a length; `Rfc6962Hasher` alone has a byte in
//! front. Telling leaves from inner nodes is the task of the tree.
#![no_std]

#[cfg(feature = "blake3")]
mod blake3;
#[cfg(feature = "test-util")]
mod conformance;
#[cfg(feature = "digest")]
mod digest;
mod fingerprint;
mod forward;
#[cfg(feature = "test-util")]
mod forwarding;
mod group_state;
mod hash;
mod hasher;
mod hex;
#[cfg(feature = "keccak")]
mod keccak256;
mod pair_path;
#[cfg(feature = "sha2")]
mod sha256;
#[cfg(feature = "test-util")]
mod toy;
#[cfg(all(
    target_arch = "x86_64",
    any(feature = "blake3", feature = "sha2", feature = "keccak")
))]
mod x86_64;

#[cfg(feature = "blake3")]
pub use crate::blake3::Blake3Hasher;
#[cfg(feature = "test-util")]
pub use crate::conformance::check_conformance;
#[cfg(feature = "digest")]
pub use crate::digest::DigestHasher;
#[cfg(feature = "test-util")]
pub use crate::forwarding::{CallRecorder, Calls, check_forwarding};
pub use crate::group_state::GroupState;
pub use crate::hash::Hash;
pub use crate::hasher::Hasher;
pub use crate::hex::{Hex, HexError};
#[cfg(feature = "keccak")]
pub use crate::keccak256::Keccak256Hasher;
pub use crate::pair_path::PairPath;
#[cfg(feature = "sha2")]
pub use crate::sha256::{Rfc6962Hasher, Sha256Hasher, rfc6962_leaf};
#[cfg(feature = "test-util")]
pub use crate::toy::ToyHasher;

/// Runs the example of the README.
#[cfg(all(doctest, feature = "blake3"))]
#[doc = include_str!("../README.md")]
struct Readme;
