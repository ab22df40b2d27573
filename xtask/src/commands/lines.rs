//! `cargo xtask lines`: the code of each package in lines, without comments, blanks and tests.

use std::collections::BTreeMap;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict};
use crate::terminal;
use crate::tidy::Tree;
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "lines",
    summary: "count the lines of code of each package, now and in an earlier revision",
    options: &[("REVISION", "count those of this revision beside them")],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let revision = args.word();
    args.finish()?;
    let now = count(&Tree::read(workspace.root())?);
    let before = match &revision {
        Some(revision) => count(&read(workspace, revision)?),
        None => BTreeMap::new(),
    };
    let heading = revision.unwrap_or_default();
    terminal::line(format_args!("{:<22} {:>8} {heading:>8}", "", "now"));
    let mut total = (0, 0);
    for package in now
        .keys()
        .chain(before.keys().filter(|name| !now.contains_key(*name)))
    {
        let of = |counts: &BTreeMap<String, usize>| counts.get(package).copied().unwrap_or(0);
        let (now, before) = (of(&now), of(&before));
        terminal::line(row(package, now, before));
        total = (total.0 + now, total.1 + before);
    }
    terminal::line(row("total", total.0, total.1));
    Ok(Verdict::Passed)
}

fn row(name: &str, now: usize, before: usize) -> String {
    let before = if before == 0 {
        String::new()
    } else {
        before.to_string()
    };
    format!("{name:<22} {now:>8} {before:>8}")
        .trim_end()
        .to_owned()
}

/// The lines of code below `src` of each package.
fn count(tree: &Tree) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for package in tree.packages() {
        let sources = format!("{package}/src/");
        let files = tree
            .rust()
            .filter(|file| file.path.starts_with(&sources) && !file.is_test);
        let lines = files.map(|file| file.source().code_lines().len()).sum();
        counts.insert(package.to_owned(), lines);
    }
    counts
}

/// The manifests and sources of a revision.
fn read(workspace: &Workspace, revision: &str) -> Outcome<Tree> {
    let git = |words: &[&str]| {
        Invocation::program(workspace.root(), "git", "")
            .args(words)
            .output()
    };
    let mut files = Vec::new();
    for path in git(&["ls-tree", "-r", "--name-only", revision])?.lines() {
        if path.ends_with(".rs") || path.ends_with("Cargo.toml") {
            files.push((
                path.to_owned(),
                git(&["show", &format!("{revision}:{path}")])?,
            ));
        }
    }
    Ok(Tree::of(files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_counted_by_package_without_tests() {
        let tree = Tree::sample(&[
            ("crates/a/Cargo.toml", ""),
            (
                "crates/a/src/lib.rs",
                "//! Docs.\n\nfn f() {\n}\n#[cfg(test)]\nmod tests {}\n",
            ),
            ("crates/a/src/b/tests.rs", "fn f() {}\n"),
            ("crates/a/tests/c.rs", "fn f() {}\n"),
            ("crates/b/Cargo.toml", ""),
        ]);
        let expected = [("crates/a", 2), ("crates/b", 0)];
        assert_eq!(
            count(&tree),
            expected
                .map(|(name, count)| (name.to_owned(), count))
                .into()
        );
    }

    #[test]
    fn a_revision_is_read_as_it_was_committed() {
        let workspace = Workspace::find().unwrap();
        let tree = read(&workspace, "HEAD").unwrap();
        assert!(tree.file("xtask/src/main.rs").is_some());
        assert!(read(&workspace, "no-such-revision").is_err());
    }
}
