//! `cargo xtask machete`: no manifest names a dependency that its package does not use.
//!
//! Needs cargo-machete, and says so where it is missing.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "machete",
    summary: "look for dependencies that no code uses",
    options: &[],
    run,
};

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let machete = |words| Invocation::cargo(workspace.root(), words);
    if !machete("machete --version").succeeds() {
        let reason = "cargo-machete is not installed".to_owned();
        return Ok(Verdict::Skipped(reason));
    }
    machete("machete --skip-target-dir").run()?;
    Ok(Verdict::Passed)
}
