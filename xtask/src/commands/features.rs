//! `cargo xtask features`: each crate compiles without a warning with no feature, with each feature
//! alone, by default, and with all.
//!
//! The combinations come from the manifests, so that a new feature is checked from its first day.
//! Clippy does the compiling: it checks all that `cargo check` does, shares the artifacts of the
//! clippy step, and can deny warnings without touching the flags of dependencies.

use std::collections::BTreeMap;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict, each};
use crate::workspace::{CRATES, Workspace, package};

pub(super) const COMMAND: Command = Command {
    name: "features",
    summary: "check each crate with no, each single, default and all features",
    options: &[],
    run,
};

/// The crate whose features are clients of providers, each of which others compile for a minute:
/// tried with none and with all. `cargo xtask bucket` builds it for S3 alone.
const PROVIDERS: &str = "rotortree-object-store";

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let metadata = workspace.metadata()?;
    let mut checks = Vec::new();
    for name in CRATES {
        let mut combinations = combinations(&package(&metadata, name)?.features);
        if name == PROVIDERS {
            combinations.retain(|words| !words.contains("--features"));
        }
        for combination in combinations {
            checks.push(format!("clippy --quiet --no-deps -p {name} {combination}"));
        }
    }
    each(&checks, |check| {
        Invocation::cargo(workspace.root(), check)
            .args(["--", "-D", "warnings"])
            .run()
    })?;
    Ok(Verdict::PassedWith(format!(
        "{} combinations",
        checks.len()
    )))
}

/// The feature options to compile a package with.
fn combinations(features: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut combinations = vec!["--no-default-features".to_owned()];
    let single = features.keys().filter(|name| *name != "default");
    combinations.extend(single.map(|name| format!("--no-default-features --features {name}")));
    if features.contains_key("default") {
        combinations.push(String::new());
    }
    if !features.is_empty() {
        combinations.push("--all-features".to_owned());
    }
    combinations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combinations_of(features: &[&str]) -> Vec<String> {
        let features = features.iter().map(|name| ((*name).to_owned(), Vec::new()));
        combinations(&features.collect())
    }

    #[test]
    fn every_feature_is_compiled_alone() {
        assert_eq!(
            combinations_of(&["default", "a", "b"]),
            [
                "--no-default-features",
                "--no-default-features --features a",
                "--no-default-features --features b",
                "",
                "--all-features",
            ]
        );
    }

    #[test]
    fn a_crate_without_features_is_compiled_once() {
        assert_eq!(combinations_of(&[]), ["--no-default-features"]);
    }
}
