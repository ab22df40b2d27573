//! `cargo xtask clippy`: no warning in any target of any member, benches included.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "clippy",
    summary: "run clippy on everything, warnings denied",
    options: &[],
    run,
};

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let words = "clippy --workspace --all-targets --all-features -- -D warnings";
    Invocation::cargo(workspace.root(), words).run()?;
    Ok(Verdict::Passed)
}
