//! `cargo xtask loom`: the models of concurrent code, in every interleaving within bounds.
//!
//! Built with `--cfg loom` into a target folder of its own, so that neither build throws
//! the other away.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each_side_by_side};
use crate::programs;
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

/// The packages with models, all built in one call, and what else the models want.
const MODELS: &str = "test --target-dir target/loom -p rotortree-lean-imt -p rotortree-store --lib \
                      --features rotortree-lean-imt/parallel";

/// Part of the name of every model. A filter that matches nothing fails: see `listed`.
const FILTER: &str = "loom_models";

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let more = args.number("--more", 0)?;
    args.finish()?;
    // Unoptimized, the tree's unit tests compile in a fraction of the time, which is most of it.
    let build = Invocation::cargo(workspace.root(), MODELS)
        .args([
            "--config",
            "profile.dev.package.rotortree-lean-imt.opt-level=0",
        ])
        .args(programs::BUILD)
        .env("RUSTFLAGS", "--cfg loom");
    let programs = programs::named_in(&build.run_for_output()?)?;
    let mut count = 0;
    for program in &programs {
        let listed = listed(&program.invocation()?.args([FILTER, "--list"]).output()?);
        if listed == 0 {
            return Err(Failure::new(format!(
                "`{}` has no test with `{FILTER}` in its name.",
                program.path().display()
            )));
        }
        count += listed;
    }
    each_side_by_side(&programs, |program| {
        program
            .invocation()?
            .args([FILTER, "--nocapture"])
            .env("ROTORTREE_LOOM_PREEMPTIONS", &more.to_string())
            .run_apart()
            .map(drop)
    })?;
    Ok(Verdict::PassedWith(format!("{count} models")))
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
