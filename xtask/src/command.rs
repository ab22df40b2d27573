//! The description of a command.

use crate::args::Args;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// One command.
pub(crate) struct Command {
    /// The word after `cargo xtask`.
    pub(crate) name: &'static str,
    /// One line of help.
    pub(crate) summary: &'static str,
    /// Each option with its line of help.
    pub(crate) options: &'static [(&'static str, &'static str)],
    /// Does it. Options that it does not take are refused.
    pub(crate) run: fn(&Workspace, Args) -> Outcome,
}
