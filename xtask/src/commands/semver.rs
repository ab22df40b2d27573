//! `cargo xtask semver`: what a release would break of the surface that a committed file names.
//!
//! The registry has another code base under the facade's name, so the comparison starts from a
//! revision of this repository. A commit there binds nothing yet: its report is printed. A tag is a
//! release: breaking it fails.

use std::fs;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::workspace::{CRATES, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "semver",
    summary: "compare the crates with the revision in docs/surface/baseline",
    options: &[(
        "--install",
        "install cargo-semver-checks below target first",
    )],
    run,
};

/// Holds one revision: a commit, or the tag of the last release.
const BASELINE: &str = "docs/surface/baseline";

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let install = args.flag("--install");
    args.finish()?;
    let root = workspace.root();
    let baseline =
        fs::read_to_string(root.join(BASELINE)).map_err(|error| Failure::io(BASELINE, &error))?;
    let baseline = baseline.trim();
    let git = |words: &str| Invocation::program(root, "git", words);
    if !git("cat-file -e")
        .args([format!("{baseline}^{{commit}}")])
        .succeeds()
    {
        return Ok(Verdict::Skipped(format!(
            "this clone lacks {baseline}: git fetch --depth 1 origin {baseline}"
        )));
    }
    let tools = format!("{}/tools", workspace.metadata()?.target_directory);
    if install {
        Invocation::cargo(root, "install --locked --root")
            .args([&tools, "cargo-semver-checks"])
            .run()?;
    }
    let installed = format!("{tools}/bin/cargo-semver-checks");
    let tool = match fs::exists(&installed) {
        Ok(true) => installed.as_str(),
        _ => "cargo-semver-checks",
    };
    let checks = |words| Invocation::program(root, tool, words);
    if !checks("semver-checks --version").succeeds() {
        return Ok(Verdict::Skipped(
            "cargo-semver-checks is not installed: cargo xtask semver --install".to_owned(),
        ));
    }
    let report = checks("semver-checks --all-features --baseline-rev")
        .args([baseline])
        .args(CRATES.iter().flat_map(|name| ["--package", name]))
        .run();
    let is_release = git("show-ref --quiet --verify")
        .args([format!("refs/tags/{baseline}")])
        .succeeds();
    match report {
        Ok(()) => Ok(Verdict::Passed),
        Err(failure) if is_release => Err(failure),
        Err(_) => Ok(Verdict::PassedWith(format!(
            "the surface of {baseline} is broken; no release binds it yet"
        ))),
    }
}
