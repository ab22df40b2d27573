//! `cargo xtask layering`: dependencies between the crates point down only, and so do imports
//! between the files of a crate.

use crate::args::Args;
use crate::command::Command;
use crate::imports;
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
    let tree = Tree::read(workspace.root())?;
    let mut problems = layering::edges(&workspace.metadata()?);
    problems.extend(layering::names(&tree));
    problems.extend(circles(&tree)?);
    for problem in &problems {
        terminal::line(problem);
    }
    if problems.is_empty() {
        Ok(Verdict::Passed)
    } else {
        Err(Failure::new(format!(
            "{} dependencies, names or circles break the layering.",
            problems.len()
        )))
    }
}

/// The circles of files in every package, as sentences with the arrows that close them.
fn circles(tree: &Tree) -> Outcome<Vec<String>> {
    let mut problems = Vec::new();
    for folder in tree.packages() {
        let arrows = imports::arrows(tree, folder).map_err(Failure::new)?;
        for circle in imports::circles(&arrows) {
            let mut problem = format!("{} files import each other in a circle:", circle.len());
            for file in &circle {
                for target in arrows[file].iter().filter(|target| circle.contains(target)) {
                    problem.push_str(&format!("\n  {file} -> {target}"));
                }
            }
            problems.push(problem);
        }
    }
    Ok(problems)
}
