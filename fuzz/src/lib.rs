//! The layout of fuzz inputs, shared by the targets and the writers of their seeds.

#![forbid(unsafe_code)]

pub mod frontier;
pub mod lean_imt;
pub mod levels;
pub mod store;
pub mod taken_over;
pub mod wal_log;
