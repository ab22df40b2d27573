//! `cargo xtask dist`: the command as one static file, for any Linux of this processor.

use std::process;

use crate::args::Args;
use crate::cargo::{Invocation, host};
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "dist",
    summary: "build the command as a static file, and look whether it is one",
    options: &[],
    run,
};

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let target = host(workspace.root())?;
    if !target.ends_with("-linux-gnu") {
        return Ok(Verdict::Skipped(format!(
            "{target} has no static C library"
        )));
    }
    // With a target named, the flags are those of the command alone, and not of build scripts.
    Invocation::cargo(
        workspace.root(),
        "build --release --locked -p rotortree-cli",
    )
    .args(["--target", &target])
    .env("RUSTFLAGS", "-C target-feature=+crt-static")
    .run()?;
    let metadata = workspace.metadata()?;
    let file = metadata
        .target_directory
        .join(&target)
        .join("release/rotortree");
    let told = process::Command::new("file")
        .args(["--brief", file.as_str()])
        .output();
    let told = told.map_err(|error| Failure::io("cannot run `file`", &error))?;
    let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    // Of a program that may lie anywhere in memory, `file` says `static-pie`.
    if told.contains("statically linked") || told.contains("static-pie linked") {
        Ok(Verdict::PassedWith(format!("{file}: {told}")))
    } else {
        Err(Failure::new(format!("{file} is not static: {told}")))
    }
}
