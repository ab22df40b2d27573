//! `cargo xtask interop`: other implementations read what ours write, and the reverse.
//!
//! A part is a package outside the workspace, with counterparts that must not be among the
//! dependencies of any member.

use std::fs;
use std::path::Path;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::workspace::{INTEROP_GROUPS, INTEROP_LOGS, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "interop",
    summary: "exchange proofs and files with other implementations",
    options: &[
        (
            "--logs",
            "transparency logs alone: Go's sumdb, and four crates",
        ),
        (
            "--groups",
            "groups alone: zk-kit and Semaphore, in Node and in Rust",
        ),
    ],
    run,
};

/// What a part is called on the command line, what it needs beside cargo, and what runs it.
struct Part {
    flag: &'static str,
    /// A program on the path.
    program: &'static str,
    /// A folder with what the program reads; none if the part installs that itself. Such a part is
    /// never left out.
    library: Option<&'static str>,
    run: fn(&Workspace) -> Outcome<()>,
}

const PARTS: [Part; 2] = [
    Part {
        flag: "--logs",
        program: "go",
        library: Some("/usr/share/gocode/src/golang.org/x/mod/sumdb"),
        run: logs,
    },
    Part {
        flag: "--groups",
        program: "node",
        library: None,
        run: groups,
    },
];

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let flags = PARTS.map(|part| args.flag(part.flag));
    args.finish()?;
    let any = flags.contains(&true);
    let chosen = PARTS.iter().zip(flags).filter(|(_, flag)| *flag || !any);
    let mut missing = Vec::new();
    each(chosen, |(part, _)| {
        let Some(library) = part.library else {
            return (part.run)(workspace);
        };
        let program = Invocation::program(workspace.root(), part.program, "version");
        if Path::new(library).is_dir() && program.succeeds() {
            return (part.run)(workspace);
        }
        // `.ci/run` installs both on Linux: there a part that is left out would go unseen.
        if cfg!(target_os = "linux") && std::env::var_os("CI").is_some() {
            return Err(Failure::new(format!(
                "`{}` needs `{}` and `{}`; one of them is not installed.",
                part.flag, part.program, library
            )));
        }
        missing.push(part.program);
        Ok(())
    })?;
    if missing.is_empty() {
        return Ok(Verdict::Passed);
    }
    Ok(Verdict::Skipped(format!(
        "not installed: {}",
        missing.join(", ")
    )))
}

/// The log that is published, its proofs, and what the counterparts make of them.
fn logs(workspace: &Workspace) -> Outcome<()> {
    let folder = workspace.root().join("target/interop");
    let program = format!("run --quiet --locked --manifest-path {INTEROP_LOGS}/Cargo.toml");
    Invocation::cargo(workspace.root(), &program)
        .args(["--target-dir", &folder.to_string_lossy(), "--"])
        .args([folder.join("logs").to_string_lossy()])
        .run()
}

/// What the other side of [`groups`] needs, at the versions of its lock file.
const GROUP_FILES: [&str; 5] = [
    "package.json",
    "package-lock.json",
    "exchange.mjs",
    "recorder/package.json",
    "recorder/index.js",
];

/// The JavaScript packages, installed below the target folder, and the histories that are exchanged
/// with them. Without Node it fails, on every platform.
fn groups(workspace: &Workspace) -> Outcome<()> {
    let root = workspace.root();
    let folder = root.join("target/interop/groups");
    let failed = |error| Failure::io(folder.display(), &error);
    fs::create_dir_all(folder.join("recorder")).map_err(failed)?;
    for file in GROUP_FILES {
        let source = root.join(INTEROP_GROUPS).join("node").join(file);
        fs::copy(source, folder.join(file)).map_err(failed)?;
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let install = "ci --ignore-scripts --no-audit --no-fund --loglevel=error";
    Invocation::program(&folder, npm, install).run()?;
    let program = format!("run --quiet --locked --manifest-path {INTEROP_GROUPS}/Cargo.toml");
    Invocation::cargo(root, &program)
        .args([
            "--target-dir",
            &root.join("target/interop").to_string_lossy(),
            "--",
        ])
        .args([folder.to_string_lossy()])
        .run()
}
