//! `cargo xtask assets`: writes the completions and manual pages of the command into its folder. A
//! test of the command compares them with what it writes.

use std::fs;
use std::io::ErrorKind;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "assets",
    summary: "write the command's completions and manual pages",
    options: &[],
    run,
};

/// The folder, relative to the root.
const FOLDER: &str = "crates/cli/assets";

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    // The page of a command that is gone goes too.
    match fs::remove_dir_all(workspace.root().join(FOLDER)) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failure::io(
                format_args!("cannot remove `{FOLDER}`"),
                &error,
            ));
        }
        _ => {}
    }
    Invocation::cargo(workspace.root(), "run --quiet -p rotortree-cli -- assets")
        .args([FOLDER])
        .run()?;
    Ok(Verdict::Passed)
}
