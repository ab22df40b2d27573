//! What to make of a whole log: how far it goes, up to where it is known to be durable, and whether
//! it ends in a tear or in damage. Only sequences are followed here; the sizes and roots that
//! groups and headers state are for the caller to compare with the tree it builds.

mod assessment;
mod log;
mod replay;

pub use assessment::{Assessment, Break, BreakCause, Place, Verdict};
pub use log::{LogRules, caps};
pub use replay::Replay;
