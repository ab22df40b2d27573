//! `cargo xtask test`: every test and doctest; those of the tree crate on small stacks.

use std::path::Path;

use super::Command;
use crate::args::Args;
use crate::cargo::Invocation;
use crate::outcome::{Outcome, Verdict, each};
use crate::workspace::{BENCHES, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "test",
    summary: "run all tests and doctests; the tree's on 256 KiB stacks",
    options: &[],
    run,
};

/// No operation of the tree needs more stack than this, in a debug build too.
const SMALL_STACK: usize = 256 * 1024;

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let passes: [fn(&Path) -> Outcome<()>; 3] =
        [all_but_the_tree, tree_on_small_stacks, doctests_of_the_tree];
    each(passes, |pass| pass(workspace.root()))?;
    Ok(Verdict::Passed)
}

/// The crate whose tests run on small stacks, where all that it promises of stacks is tested.
const TREE: &str = "rotortree-lean-imt";

fn all_but_the_tree(root: &Path) -> Outcome<()> {
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
