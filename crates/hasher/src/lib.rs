//! Hash functions for n-ary Merkle trees.
#![no_std]
#![deny(unsafe_code)]

mod hasher;

pub use hasher::{GroupState, Hash, Hasher};
