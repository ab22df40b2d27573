//! Frontiers: the least state with which a tree can continue.

mod base;
mod compact;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use compact::fold;
pub use state::Frontier;
