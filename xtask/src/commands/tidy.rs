//! `cargo xtask tidy`: checks of the files that the compiler and clippy do not make.

use crate::args::Args;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::terminal;
use crate::tidy::{self, Tree};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "tidy",
    summary: "check module docs, file lengths, links, unsafe code, features and more",
    options: &[],
    run,
};

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let findings = tidy::findings(&Tree::read(workspace.root())?);
    for finding in &findings {
        terminal::line(finding);
    }
    if findings.is_empty() {
        Ok(Verdict::Passed)
    } else {
        Err(Failure::new(format!(
            "{} things are untidy.",
            findings.len()
        )))
    }
}
