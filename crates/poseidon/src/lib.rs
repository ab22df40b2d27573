//! Poseidon over BN254 for n-ary Merkle trees, compatible with circomlib, Semaphore and zk-kit.
//!
//! | hasher | a number's 32 bytes are |
//! | --- | --- |
//! | [`PoseidonHasher`] | big-endian, like Solidity's `uint256` |
//! | [`PoseidonLeHasher`] | little-endian |
//!
//! Both are a [`Hasher`](rotortree_hasher::Hasher) for groups of 2 to 12 children. They refuse
//! numbers from the order of the field up, and hash batches sixteen groups at a time where the CPU
//! has AVX-512 IFMA.
//!
//! # Example
//!
//! ```
//! use rotortree_lean_imt::{Hasher, LeanIMT};
//! use rotortree_poseidon::PoseidonHasher;
//!
//! let mut tree = LeanIMT::<_, 4, 16>::new(PoseidonHasher::new());
//! let root = tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
//! assert_eq!(root, PoseidonHasher::new().hash_children(&[[1; 32], [2; 32], [3; 32]]));
//! # Ok::<(), rotortree_lean_imt::TreeError>(())
//! ```
//!
//! The crate is `no_std` with `alloc`. It computes one function: other fields, other parameters and
//! sponges for long inputs belong to other crates.
#![no_std]

extern crate alloc;

mod cache;
mod element;
mod grain;
#[cfg(feature = "semaphore")]
mod group;
mod groups;
mod hasher;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod matrix;
mod order;
mod parameters;
mod permutation;
mod scalar;
mod schedule;
mod wide;
mod words;

#[cfg(feature = "semaphore")]
pub use crate::group::{Group, GroupError};
pub use crate::hasher::{Poseidon, PoseidonHasher, PoseidonLeHasher};
pub use crate::order::{BigEndian, ByteOrder, LittleEndian};

/// Runs the examples of the README.
#[cfg(all(doctest, feature = "semaphore"))]
#[doc = include_str!("../README.md")]
struct Readme;
