//! Poseidon over BN254 for n-ary Merkle trees.
#![no_std]

extern crate alloc;

mod cache;
mod element;
mod grain;
mod groups;
mod hasher;
mod matrix;
mod order;
mod parameters;
mod permutation;
mod scalar;
mod schedule;
mod wide;

pub use crate::hasher::{Poseidon, PoseidonHasher, PoseidonLeHasher};
pub use crate::order::{BigEndian, ByteOrder, LittleEndian};
