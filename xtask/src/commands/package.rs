//! `cargo xtask package`: every published crate packs, and compiles from its package.

use super::Command;
use crate::args::Args;
use crate::cargo::Invocation;
use crate::outcome::{Outcome, Verdict};
use crate::workspace::{CRATES, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "package",
    summary: "pack every published crate and compile the packages",
    options: &[("--list", "list the files of each package instead")],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let list = args.flag("--list");
    args.finish()?;
    // All in one call: cargo then resolves the crates' versions of each other among the packages
    // just made, as none of them need be published yet.
    Invocation::cargo(workspace.root(), "package --allow-dirty")
        .args(CRATES.iter().flat_map(|name| ["-p", name]))
        .args(list.then_some("--list"))
        .run()?;
    Ok(Verdict::Passed)
}
