//! `cargo xtask test`: every test and doctest; those of the tree crate on small stacks.
//!
//! With a path, the tests that a change of this file concerns, which take seconds.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::mutations;
use crate::outcome::{Failure, Outcome, Verdict, each, each_side_by_side};
use crate::programs::{self, Program};
use crate::selection;
use crate::workspace::Workspace;

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
    let parts = [run_most, run_doctests, run_tree];
    each_side_by_side(parts, |part| part(workspace))?;
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

/// Everything but the tree: with it, features of its own would compile all the others anew.
const MOST: &str = "--workspace --all-features --exclude rotortree-benches \
                    --exclude rotortree-lean-imt";

/// Examples that the tests of the facade's examples run as programs, beside their own tests.
const EXAMPLES: &str = "--example append_log --example any_tree --example chain_indexer";

/// The programs that take longest begin first, so that none of them is left over at the end.
const LONG: [&str; 4] = ["crash", "simulation", "corruption", "cli"];

fn run_most(workspace: &Workspace) -> Outcome<()> {
    let mut programs = built(workspace, &format!("test {MOST}"))?;
    // For this selection of packages: for another one all would be compiled anew.
    Invocation::cargo(workspace.root(), &format!("build {MOST} {EXAMPLES}")).run()?;
    let target = workspace.metadata()?.target_directory;
    let examples = target.join("debug/examples");
    programs.sort_by_key(|program| {
        let place = LONG.iter().position(|name| program.holds(name));
        place.unwrap_or(LONG.len())
    });
    each_side_by_side(programs, |program| {
        let mut tests = program.invocation()?;
        if program.holds("examples") {
            tests = tests.env("ROTORTREE_EXAMPLES", examples.as_str());
        }
        tests.run_apart().map(drop)
    })
}

fn run_tree(workspace: &Workspace) -> Outcome<()> {
    // Elsewhere the tree is optimized a little; the promise is about a debug build.
    let tree = format!(
        "test -p {TREE} --all-features --lib --tests --examples \
         --config profile.dev.package.{TREE}.opt-level=0"
    );
    each_side_by_side(built(workspace, &tree)?, |program| {
        // One thread would mean the main thread, whose stack the variable does not touch.
        let tests = program.invocation()?.args(["--test-threads=2"]);
        let tests = tests.env("RUST_MIN_STACK", &SMALL_STACK.to_string());
        tests.run_apart().map(drop)
    })
}

fn built(workspace: &Workspace, words: &str) -> Outcome<Vec<Program>> {
    let build = Invocation::cargo(workspace.root(), words).args(programs::BUILD);
    programs::named_in(&build.run_for_output()?)
}

fn run_doctests(workspace: &Workspace) -> Outcome<()> {
    let tree = format!("-p {TREE} --all-features");
    each([MOST, &tree], |packages| {
        Invocation::cargo(workspace.root(), &format!("test {packages}"))
            .args(["--doc", "--no-fail-fast"])
            .run_apart()
            .map(drop)
    })
}
