//! Frontiers: the least that a tree must remember to go on.

mod base;
mod compact;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use compact::fold;
pub use state::Frontier;
