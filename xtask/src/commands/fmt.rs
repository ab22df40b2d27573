//! `cargo xtask fmt`: all Rust code is formatted, also in the packages outside the workspace.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict, each};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "fmt",
    summary: "check that all code is formatted",
    options: &[("--fix", "format it instead")],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let fix = args.flag("--fix");
    args.finish()?;
    let check = |words: &str| {
        let invocation = Invocation::cargo(workspace.root(), words);
        if fix {
            invocation.run()
        } else {
            invocation.args(["--check"]).run()
        }
    };
    let outside = workspace
        .outside_manifests()
        .map(|manifest| format!("fmt --manifest-path {manifest}"));
    each(
        std::iter::once("fmt --all".to_owned()).chain(outside),
        |words| check(&words),
    )?;
    Ok(Verdict::Passed)
}
