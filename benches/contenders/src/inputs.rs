//! The leaves and indices of `benches`, from its own file.

#[path = "../../src/inputs.rs"]
mod shared;

pub use self::shared::{indices, leaf, leaves};
