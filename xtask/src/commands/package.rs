//! `cargo xtask package`: every published crate packs, and compiles from its package.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::terminal;
use crate::workspace::{Workspace, publish_order};

pub(super) const COMMAND: Command = Command {
    name: "package",
    summary: "pack every published crate and compile the packages",
    options: &[
        ("--list", "list the files of each package instead"),
        (
            "--order",
            "print the order in which the packages are published instead",
        ),
    ],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let list = args.flag("--list");
    let order = args.flag("--order");
    args.finish()?;
    let metadata = workspace.metadata()?;
    let packages = publish_order(&metadata);
    if order {
        packages.iter().for_each(terminal::line);
        return Ok(Verdict::Passed);
    }
    // All in one call: cargo then resolves the crates' versions of each other among the packages
    // just made, as none of them need be published yet.
    let package = Invocation::cargo(workspace.root(), "package --allow-dirty")
        .args(packages.iter().flat_map(|name| ["-p", name]));
    if list {
        package.args(["--list"]).run()?;
        return Ok(Verdict::Passed);
    }
    // In a folder that no earlier run had. To cargo, the packages just made are a registry at the
    // path of this folder, and what a registry holds of one version never changes: at the same
    // path it would take the sources, and the libraries, of an earlier run.
    let folder = Path::new("target").join(format!("package-{}", nanoseconds()));
    let packed = package
        .args(["--target-dir", &folder.to_string_lossy()])
        .run();
    let removed = fs::remove_dir_all(workspace.root().join(&folder));
    packed?;
    removed.map_err(|error| {
        Failure::io(format_args!("cannot remove `{}`", folder.display()), &error)
    })?;
    Ok(Verdict::Passed)
}

/// A number that no earlier run had.
fn nanoseconds() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| passed.as_nanos())
}
