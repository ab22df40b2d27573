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
use crate::rustdoc;
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
    document(workspace.root(), &metadata)?;
    let folder = metadata.target_directory.join("doc");
    let mut count = 0;
    each(CRATES, |name| {
        let lines = read(folder.as_std_path(), name)?;
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

/// Writes rustdoc's JSON of every crate with all features except the one for tests.
fn document(root: &Path, metadata: &Metadata) -> Outcome<()> {
    let mut features = Vec::new();
    for name in CRATES {
        let all = package(metadata, name)?.features.keys();
        let public = all.filter(|feature| *feature != "test-util");
        features.extend(public.map(|feature| format!("{name}/{feature}")));
    }
    let doc = Invocation::cargo(root, "doc --quiet --lib --no-deps --no-default-features")
        .args(CRATES.iter().flat_map(|name| ["-p", name]))
        .args(["--features", &features.join(",")]);
    rustdoc::writing_json(doc)?.run()
}

fn read(folder: &Path, name: &str) -> Outcome<BTreeSet<String>> {
    let path = folder.join(format!("{}.json", name.replace('-', "_")));
    let json = fs::read_to_string(&path).map_err(|error| Failure::io(path.display(), &error))?;
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
