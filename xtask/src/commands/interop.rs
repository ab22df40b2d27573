//! `cargo xtask interop`: other implementations read what ours write, and the reverse.
//!
//! A part is a package outside the workspace, with counterparts that must not be among the
//! dependencies of any member.

use std::path::Path;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::workspace::{INTEROP_LOGS, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "interop",
    summary: "exchange proofs and files with other implementations",
    options: &[(
        "--logs",
        "transparency logs alone: Go's sumdb, and three crates",
    )],
    run,
};

/// What a part is called on the command line, what it needs beside cargo, and what runs it.
struct Part {
    flag: &'static str,
    /// A program on the path.
    program: &'static str,
    /// A folder with what the program reads.
    library: &'static str,
    run: fn(&Workspace) -> Outcome<()>,
}

const PARTS: [Part; 1] = [Part {
    flag: "--logs",
    program: "go",
    library: "/usr/share/gocode/src/golang.org/x/mod/sumdb",
    run: logs,
}];

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let flags = PARTS.map(|part| args.flag(part.flag));
    args.finish()?;
    let any = flags.contains(&true);
    let chosen = PARTS.iter().zip(flags).filter(|(_, flag)| *flag || !any);
    let mut missing = Vec::new();
    each(chosen, |(part, _)| {
        let program = Invocation::program(workspace.root(), part.program, "version");
        if Path::new(part.library).is_dir() && program.succeeds() {
            return (part.run)(workspace);
        }
        // `.ci/run` installs both on Linux: there a part that is left out would go unseen.
        if cfg!(target_os = "linux") && std::env::var_os("CI").is_some() {
            return Err(Failure::new(format!(
                "`{}` needs `{}` and `{}`; one of them is not installed.",
                part.flag, part.program, part.library
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
