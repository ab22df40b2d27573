//! `cargo xtask surface`: the public items of each crate are those of the committed lists.
//!
//! Growth is a decision: a new public item fails this step until `--write` has put it on its list,
//! where a reviewer sees it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cargo_metadata::Metadata;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::surface;
use crate::terminal;
use crate::workspace::{CRATES, Workspace, package};

pub(super) const COMMAND: Command = Command {
    name: "surface",
    summary: "compare the public items of each crate with docs/surface",
    options: &[("--write", "write the lists instead of comparing them")],
    run,
};

/// The folder of the lists, relative to the root.
const FOLDER: &str = "docs/surface";

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let write = args.flag("--write");
    args.finish()?;
    let metadata = workspace.metadata()?;
    let mut count = 0;
    each(CRATES, |name| {
        let lines = read(workspace.root(), &metadata, name)?;
        count += lines.len();
        let path = workspace.root().join(FOLDER).join(format!("{name}.txt"));
        let failed = |error| Failure::io(path.display(), &error);
        if write {
            let folder = workspace.root().join(FOLDER);
            fs::create_dir_all(folder).map_err(failed)?;
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            return fs::write(&path, text).map_err(failed);
        }
        let listed = fs::read_to_string(&path).map_err(failed)?;
        compare(name, &lines, &listed)
    })?;
    Ok(Verdict::PassedWith(format!(
        "{count} public names in {} crates",
        CRATES.len()
    )))
}

/// rustdoc's JSON for a crate with all features except the one for tests.
fn read(root: &Path, metadata: &Metadata, name: &str) -> Outcome<BTreeSet<String>> {
    let folder = format!("{}/surface", metadata.target_directory);
    let features: Vec<&str> = package(metadata, name)?
        .features
        .keys()
        .map(String::as_str)
        .filter(|feature| *feature != "test-util")
        .collect();
    // The JSON is no stable output of rustdoc; the variable lets a stable toolchain write it.
    Invocation::cargo(root, "rustdoc --quiet --lib --no-default-features")
        .args(["-p", name, "--features", &features.join(",")])
        .args(["--target-dir", &folder])
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .run()?;
    let path = format!("{folder}/doc/{}.json", name.replace('-', "_"));
    let json = fs::read_to_string(&path).map_err(|error| Failure::io(&path, &error))?;
    surface::list(&json)
}

fn compare(name: &str, lines: &BTreeSet<String>, listed: &str) -> Outcome<()> {
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    for new in lines.difference(&listed) {
        terminal::line(format_args!("{name}: + {new}"));
    }
    for gone in listed.difference(lines) {
        terminal::line(format_args!("{name}: - {gone}"));
    }
    if *lines == listed {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "The public items of `{name}` are not those of {FOLDER}/{name}.txt. Where the change \
             is meant: cargo xtask surface --write"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_item_and_one_that_is_gone_are_found() {
        let lines: BTreeSet<String> = ["fn a", "fn b"].map(str::to_owned).into();
        assert!(compare("krate", &lines, "fn a\nfn b\n").is_ok());
        assert!(compare("krate", &lines, "fn a\n").is_err());
        assert!(compare("krate", &lines, "fn a\nfn b\nfn c\n").is_err());
    }
}
