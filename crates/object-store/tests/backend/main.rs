//! The backend over stores of this process: the contract, trees, callers of every kind.

mod callers;
mod collecting;
mod conformance;
mod ownership;
mod place;
mod trees;
