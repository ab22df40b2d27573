//! `cargo xtask explorer`: the page's verifier reads what the command writes.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "explorer",
    summary: "the page's verifier, in Node, against proofs of the command",
    options: &[(
        "--command FILE",
        "take this `rotortree` instead of building it",
    )],
    run,
};

/// The folder of the page, relative to the root.
const FOLDER: &str = "crates/server/explorer";

/// The command, in the packages and with the features of `test`, so that what that step has built
/// serves here too.
const BUILD: &str = "build --quiet --workspace --exclude rotortree-benches \
                     --exclude rotortree-lean-imt --all-features --bin rotortree";

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let command = args.value("--command")?;
    args.finish()?;
    let command = match command {
        Some(command) => command,
        None => build(workspace)?,
    };
    let node = |words: &str| {
        let root = workspace.root().join(FOLDER);
        Invocation::program(&root, "node", words).env("ROTORTREE", &command)
    };
    node("--test --test-reporter=spec tests/").run()?;
    Ok(Verdict::Passed)
}

/// Builds the command; its path.
fn build(workspace: &Workspace) -> Outcome<String> {
    Invocation::cargo(workspace.root(), BUILD).run()?;
    let name = format!("debug/rotortree{}", std::env::consts::EXE_SUFFIX);
    let path = workspace.metadata()?.target_directory.join(name);
    if path.is_file() {
        Ok(path.into_string())
    } else {
        Err(Failure::new(format!("`{path}` was not built.")))
    }
}
