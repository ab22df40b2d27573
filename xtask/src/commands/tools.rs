//! The commands that run one tool of cargo over the whole workspace: `fmt`, `clippy`, `docs`,
//! `machete` and `deny`.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict, each};
use crate::workspace::{CRATES, Workspace};

/// All Rust code is formatted, also in the packages outside the workspace.
pub(super) const FMT: Command = Command {
    name: "fmt",
    summary: "check that all code is formatted",
    options: &[("--fix", "format it instead")],
    run: fmt,
};

/// No warning in any target of any member, benches included.
pub(super) const CLIPPY: Command = Command {
    name: "clippy",
    summary: "run clippy on everything, warnings denied",
    options: &[],
    run: |workspace, args| {
        args.finish()?;
        let words = "clippy --workspace --all-targets --all-features -- -D warnings";
        Invocation::cargo(workspace.root(), words).run()?;
        Ok(Verdict::Passed)
    },
};

/// The published crates' documentation builds without a warning.
pub(super) const DOCS: Command = Command {
    name: "docs",
    summary: "build the documentation, warnings denied",
    options: &[("--open", "open it in a browser")],
    run: docs,
};

/// No manifest names a dependency that its package does not use.
pub(super) const MACHETE: Command = Command {
    name: "machete",
    summary: "look for dependencies that no code uses",
    options: &[],
    run: |workspace, args| if_installed(workspace, args, "machete", "--skip-target-dir"),
};

/// Licences, sources and bans of `deny.toml` hold for every dependency.
///
/// Not a step of `ci`: the workflow checks the whole of it in a job of its own, advisories
/// included, which come from a database on the network.
pub(super) const DENY: Command = Command {
    name: "deny",
    summary: "check licences and sources of dependencies",
    options: &[],
    run: |workspace, args| {
        let words = "--all-features check licenses bans sources";
        if_installed(workspace, args, "deny", words)
    },
};

fn fmt(workspace: &Workspace, mut args: Args) -> Outcome {
    let check = (!args.flag("--fix")).then_some("--check");
    args.finish()?;
    let outside = workspace
        .outside_manifests()
        .map(|manifest| format!("fmt --manifest-path {manifest}"));
    each(
        std::iter::once("fmt --all".to_owned()).chain(outside),
        |words| {
            let invocation = Invocation::cargo(workspace.root(), &words);
            invocation.args(check).run()
        },
    )?;
    Ok(Verdict::Passed)
}

fn docs(workspace: &Workspace, mut args: Args) -> Outcome {
    let open = args.flag("--open").then_some("--open");
    args.finish()?;
    Invocation::cargo(workspace.root(), "doc --no-deps --all-features")
        .args(CRATES.iter().flat_map(|name| ["-p", name]))
        .args(open)
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    Ok(Verdict::Passed)
}

/// Runs a tool that not every toolchain has, and says so where it is missing.
fn if_installed(workspace: &Workspace, args: Args, tool: &str, words: &str) -> Outcome {
    args.finish()?;
    let run = |words| Invocation::cargo(workspace.root(), &format!("{tool} {words}"));
    if !run("--version").succeeds() {
        return Ok(Verdict::Skipped(format!("cargo-{tool} is not installed")));
    }
    run(words).run()?;
    Ok(Verdict::Passed)
}
