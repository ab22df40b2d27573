//! How fuzz inputs are laid out, shared by the targets and by what writes their seeds.

#![forbid(unsafe_code)]

pub mod lean_imt;
pub mod store;
pub mod taken_over;
pub mod wal_log;
