//! `cargo xtask test`: every test and doctest, then the tree crate again on small stacks.

use std::path::Path;

use super::Command;
use crate::args::Args;
use crate::cargo::Invocation;
use crate::outcome::{Outcome, Verdict, each};
use crate::workspace::{BENCHES, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "test",
    summary: "run all tests and doctests; the tree's also on 256 KiB stacks",
    options: &[],
    run,
};

/// No operation of the tree needs more stack than this, in a debug build too.
const SMALL_STACK: usize = 256 * 1024;

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let passes: [fn(&Path) -> Outcome<()>; 2] = [everything, tree_on_small_stacks];
    each(passes, |pass| pass(workspace.root()))?;
    Ok(Verdict::Passed)
}

fn everything(root: &Path) -> Outcome<()> {
    let words = format!("test --workspace --exclude {BENCHES} --all-features --no-fail-fast");
    Invocation::cargo(root, &words).run()
}

fn tree_on_small_stacks(root: &Path) -> Outcome<()> {
    // The variable would size the compiler's own stacks too, so everything is compiled before it is
    // set; and doctests, which are compiled as they run, stay out. One thread would mean the
    // main thread, whose stack the variable does not touch.
    // Other passes optimize the tree a little; the promise is about a debug build.
    let tree = "test -p rotortree-lean-imt --all-features --lib --tests \
                --config profile.dev.package.rotortree-lean-imt.opt-level=0";
    Invocation::cargo(root, tree).args(["--no-run"]).run()?;
    Invocation::cargo(root, tree)
        .args(["--", "--test-threads=2"])
        .env("RUST_MIN_STACK", &SMALL_STACK.to_string())
        .run()
}
