//! `cargo xtask loom`: the models of concurrent code, in every interleaving within bounds.
//!
//! Built with `--cfg loom` into a target folder of its own, so that neither build throws
//! the other away.

use std::path::Path;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "loom",
    summary: "check the models of concurrent code in every interleaving within bounds",
    options: &[(
        "--more N",
        "so many preemptions more than usual, for the engine (0); each takes several times as long",
    )],
    run,
};

/// The packages with models, and the targets of their tests. A filter that matches nothing fails:
/// see `listed`.
const MODELS: [(&str, &str); 2] = [
    ("rotortree-lean-imt", "--features parallel --lib"),
    ("rotortree-store", "--lib"),
];

/// Part of the name of every model.
const FILTER: &str = "loom_models";

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let more = args.number("--more", 0)?;
    args.finish()?;
    let mut count = 0;
    each(MODELS, |(package, targets)| {
        count += check(workspace.root(), package, targets, more)?;
        Ok(())
    })?;
    Ok(Verdict::PassedWith(format!("{count} models")))
}

/// Runs the models of a package; how many there are.
fn check(root: &Path, package: &str, targets: &str, more: u64) -> Outcome<usize> {
    // Unoptimized, the tree's unit tests compile in a fraction of the time, which is most of it.
    let words = format!(
        "test --target-dir target/loom -p {package} {targets} {FILTER} \
         --config profile.dev.package.rotortree-lean-imt.opt-level=0"
    );
    let models = || Invocation::cargo(root, &words).env("RUSTFLAGS", "--cfg loom");
    models().args(["--no-run"]).run()?;
    let listed = listed(&models().args(["--", "--list"]).output()?);
    if listed == 0 {
        return Err(Failure::new(format!(
            "`{package}` has no test with `{FILTER}` in its name."
        )));
    }
    models()
        .args(["--", "--nocapture"])
        .env("ROTORTREE_LOOM_PREEMPTIONS", &more.to_string())
        .run()?;
    Ok(listed)
}

/// The number of tests in a list of the test harness.
pub(super) fn listed(list: &str) -> usize {
    list.lines().filter(|line| line.ends_with(": test")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_as_many_tests_as_it_names() {
        assert_eq!(listed("a::b: test\nc: test\n\n2 tests, 0 benchmarks\n"), 2);
        assert_eq!(listed("\n0 tests, 0 benchmarks\n"), 0);
    }
}
