//! The rules for a whole log: where it ends, up to where it is known to be durable, and whether it
//! ends in a torn tail or in damage. The rules follow sequences only. The caller compares the sizes
//! and roots of groups and headers with its tree.

mod assessment;
mod log;
mod run;

pub use assessment::{Assessment, Break, BreakCause, LogOffset, Verdict};
pub use log::{LogRules, caps};
