//! `cargo xtask test`: every test and doctest; those of the tree crate on small stacks.
//!
//! With a path, the tests that a change of this file concerns, which take seconds.

use std::path::Path;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::mutations;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::selection;
use crate::workspace::{BENCHES, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "test",
    summary: "run all tests and doctests; the tree's on 256 KiB stacks",
    options: &[("PATH", "the tests that this file asks for alone")],
    run,
};

/// No operation of the tree needs more stack than this, in a debug build too.
const SMALL_STACK: usize = 256 * 1024;

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let path = args.word();
    args.finish()?;
    if let Some(path) = path {
        return run_of(workspace, &path);
    }
    let passes: [fn(&Path) -> Outcome<()>; 3] = [most, tree_on_small_stacks, doctests_of_the_tree];
    each(passes, |pass| pass(workspace.root()))?;
    Ok(Verdict::Passed)
}

fn run_of(workspace: &Workspace, path: &str) -> Outcome {
    let areas = mutations::read(workspace.root())?;
    let selection = selection::of(path, &workspace.metadata()?, &areas)?;
    let mut count = 0;
    each(selection, |((package, target), filters)| {
        let words = format!("test -p {package} --all-features {target} --");
        count += Invocation::cargo(workspace.root(), &words)
            .args(filters)
            .run_counted()?;
        Ok(())
    })?;
    if count == 0 {
        return Err(Failure::new(format!(
            "No test stands for `{path}`: run them all."
        )));
    }
    Ok(Verdict::PassedWith(format!("{count} tests")))
}

/// The crate whose tests run on small stacks, where all that it promises of stacks is tested.
const TREE: &str = "rotortree-lean-imt";

fn most(root: &Path) -> Outcome<()> {
    let words = "test --workspace --all-features --no-fail-fast";
    let others = [BENCHES, TREE];
    Invocation::cargo(root, words)
        .args(others.iter().flat_map(|name| ["--exclude", name]))
        .run()
}

fn tree_on_small_stacks(root: &Path) -> Outcome<()> {
    // The variable would size the compiler's own stacks too, so everything is compiled before it is
    // set; and doctests, which are compiled as they run, stay out. One thread would mean the
    // main thread, whose stack the variable does not touch.
    // Elsewhere the tree is optimized a little; the promise is about a debug build.
    let tree = format!(
        "test -p {TREE} --all-features --no-fail-fast --lib --tests --examples \
         --config profile.dev.package.{TREE}.opt-level=0"
    );
    Invocation::cargo(root, &tree).args(["--no-run"]).run()?;
    Invocation::cargo(root, &tree)
        .args(["--", "--test-threads=2"])
        .env("RUST_MIN_STACK", &SMALL_STACK.to_string())
        .run()
}

fn doctests_of_the_tree(root: &Path) -> Outcome<()> {
    Invocation::cargo(root, &format!("test -p {TREE} --all-features --doc")).run()
}
