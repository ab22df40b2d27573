//! `cargo xtask fuzz`: a short run of every fuzz target, from its seeds.
//!
//! Needs cargo-fuzz and a nightly toolchain, and says so where they are missing; the targets are
//! then compiled with the stable compiler, so that they do not rot. The inputs that a run finds are
//! kept below the target folder and not in the repository.

use std::fs;
use std::path::Path;

use cargo_metadata::Metadata;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each_side_by_side};
use crate::workspace::{FUZZ, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "fuzz",
    summary: "run every fuzz target for a short while",
    options: &[
        ("--seconds N", "for each target (15)"),
        ("--target NAME", "this target alone"),
    ],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let seconds = args.number("--seconds", 15)?;
    let only = args.value("--target")?;
    args.finish()?;
    let root = workspace.root();
    let manifest = format!("{FUZZ}/Cargo.toml");
    if !root.join(&manifest).is_file() {
        return Err(Failure::new(format!("`{manifest}` is missing.")));
    }
    let targets = chosen(&workspace.metadata_of(&manifest)?, only.as_deref())?;
    let target_directory = workspace.metadata()?.target_directory;
    let target_directory = format!("{target_directory}/fuzz");

    if let Some(reason) = missing_tool(root) {
        let check = format!("check --manifest-path {manifest} --bins --target-dir");
        return if Invocation::cargo(root, &check)
            .args([&target_directory])
            .run()
            .is_ok()
        {
            Ok(Verdict::Skipped(format!("{reason}; targets compiled only")))
        } else {
            Err(Failure::new("The fuzz targets do not compile."))
        };
    }
    // All targets are built by one command; run, each of them uses one processor.
    let fuzz = |command| {
        let words = format!("run nightly cargo fuzz {command} --fuzz-dir");
        Invocation::program(root, "rustup", &words).args([FUZZ, "--target-dir", &target_directory])
    };
    fuzz("build").run()?;
    each_side_by_side(&targets, |target| {
        let corpus = format!("{target_directory}/corpus/{target}");
        let seeds = format!("{FUZZ}/seeds/{target}");
        fs::create_dir_all(&corpus).map_err(|error| Failure::io(&corpus, &error))?;
        fuzz("run")
            .args([target, &corpus])
            .args(root.join(&seeds).is_dir().then_some(&seeds))
            .args(["--", &format!("-max_total_time={seconds}")])
            .args(["-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"])
            .run()
    })?;
    Ok(Verdict::PassedWith(format!(
        "{} targets, {seconds} s each",
        targets.len()
    )))
}

/// The targets to run, all or the one asked for; a project without any is a failure.
fn chosen(metadata: &Metadata, only: Option<&str>) -> Outcome<Vec<String>> {
    let targets: Vec<String> = metadata
        .packages
        .iter()
        .flat_map(|package| &package.targets)
        .filter(|target| target.is_bin() && only.is_none_or(|only| only == target.name))
        .map(|target| target.name.clone())
        .collect();
    if targets.is_empty() {
        return Err(Failure::new(match only {
            Some(only) => format!("`{only}` is not a fuzz target."),
            None => "There are no fuzz targets.".to_owned(),
        }));
    }
    Ok(targets)
}

/// The missing tool, if the targets cannot run here.
fn missing_tool(root: &Path) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("fuzz targets run on Linux".to_owned());
    }
    if !Invocation::program(root, "rustup", "run nightly rustc --version").succeeds() {
        return Some("there is no nightly toolchain".to_owned());
    }
    if !Invocation::program(root, "rustup", "run nightly cargo fuzz --version").succeeds() {
        return Some("cargo-fuzz is not installed".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_binaries_of_the_package() {
        let workspace = Workspace::find().unwrap();
        let fuzz = workspace.metadata_of("fuzz/Cargo.toml").unwrap();
        let all = chosen(&fuzz, None).unwrap();
        assert!(all.len() > 4, "{all:?}");
        assert_eq!(chosen(&fuzz, Some(&all[1])), Ok(vec![all[1].clone()]));
        assert!(chosen(&fuzz, Some("no-such-target")).is_err());
    }
}
