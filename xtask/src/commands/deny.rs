//! `cargo xtask deny`: licences, sources and bans of `deny.toml` hold for every dependency.
//!
//! Not a step of `ci`: the workflow checks the whole of it in a job of its own, advisories
//! included, which come from a database on the network. Needs cargo-deny, and says so where it is
//! missing.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "deny",
    summary: "check licences and sources of dependencies",
    options: &[],
    run,
};

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let deny = |words| Invocation::cargo(workspace.root(), words);
    if !deny("deny --version").succeeds() {
        let reason = "cargo-deny is not installed".to_owned();
        return Ok(Verdict::Skipped(reason));
    }
    deny("deny --all-features check licenses bans sources").run()?;
    Ok(Verdict::Passed)
}
