//! How fuzz inputs are laid out, shared by the targets and by what writes their seeds.

#![forbid(unsafe_code)]

pub mod frontier;
pub mod lean_imt;
pub mod levels;
pub mod store;
pub mod taken_over;
pub mod wal_log;
