//! `cargo xtask layering`: dependencies between the crates point down only.

use super::Command;
use crate::args::Args;
use crate::layering;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::terminal;
use crate::tidy::Tree;
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "layering",
    summary: "check which crate may depend on which, and name which",
    options: &[],
    run,
};

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let mut problems = layering::edges(&workspace.metadata()?);
    problems.extend(layering::names(&Tree::read(workspace.root())?));
    for problem in &problems {
        terminal::line(problem);
    }
    if problems.is_empty() {
        Ok(Verdict::Passed)
    } else {
        Err(Failure::new(format!(
            "{} dependencies or names break the layering.",
            problems.len()
        )))
    }
}
