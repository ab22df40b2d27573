//! `cargo xtask docs`: the published crates' documentation builds without a warning.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict};
use crate::workspace::{CRATES, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "docs",
    summary: "build the documentation, warnings denied",
    options: &[("--open", "open it in a browser")],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let open = args.flag("--open");
    args.finish()?;
    Invocation::cargo(workspace.root(), "doc --no-deps --all-features")
        .args(CRATES.iter().flat_map(|name| ["-p", name]))
        .args(open.then_some("--open"))
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    Ok(Verdict::Passed)
}
