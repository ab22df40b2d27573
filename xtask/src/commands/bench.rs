//! `cargo xtask bench`: prints the tables of `docs/performance.md`, measured here.
//!
//! The `benches` member measures; this command builds and runs it. Trees by other people are in a
//! package outside the workspace, which is built for the row `contenders` alone.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Outcome, Verdict};
use crate::workspace::{BENCHES, CONTENDERS, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "bench",
    summary: "measure the rows of the performance table against a peer and the machine",
    options: &[
        ("limits p1 .. p18 shape", "these rows alone"),
        (
            "scale",
            "trees of up to 500 M leaves: minutes, and 17 GB of disk",
        ),
        (
            "contenders",
            "trees by other people: builds 250 packages first",
        ),
        ("--quick", "smaller inputs and fewer rounds"),
        ("--dir PATH", "where durable trees are made"),
        ("--plots PATH", "where `scale` and `contenders` draw"),
    ],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let mut words = rows(&mut args);
    if args.flag("--quick") {
        words.push("--quick".to_owned());
    }
    for option in ["--dir", "--plots"] {
        if let Some(path) = args.value(option)? {
            words.extend([option.to_owned(), path]);
        }
    }
    args.finish()?;
    if words.iter().any(|word| word == OTHERS) {
        words.extend(["--contenders".to_owned(), contenders(workspace)?]);
    }
    let command = format!("run --quiet --release -p {BENCHES} --");
    Invocation::cargo(workspace.root(), &command)
        .args(words)
        .run()?;
    Ok(Verdict::PassedWith(
        "nothing is judged here; read the tables".to_owned(),
    ))
}

/// The row that needs the program of [`CONTENDERS`].
const OTHERS: &str = "contenders";

/// Builds the program and returns its path.
fn contenders(workspace: &Workspace) -> Outcome<String> {
    let folder = workspace.root().join("target/contenders");
    let program = format!("build --release --locked --manifest-path {CONTENDERS}/Cargo.toml");
    Invocation::cargo(workspace.root(), &program)
        .args(["--target-dir", &folder.to_string_lossy()])
        .run()?;
    let name = format!("rotortree-contenders{}", std::env::consts::EXE_SUFFIX);
    let built = folder.join("release").join(name);
    Ok(built.to_string_lossy().into_owned())
}

/// The last row of the table with a number.
const LAST_ROW: u32 = 18;

/// Takes the rows that are named, in the order of the table.
fn rows(args: &mut Args) -> Vec<String> {
    std::iter::once("limits".to_owned())
        .chain((1..=LAST_ROW).map(|number| format!("p{number}")))
        .chain(["shape", "scale", OTHERS].map(str::to_owned))
        .filter(|row| args.flag(row))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn rows_are_taken_and_nothing_else() {
        let mut given = args("p18 --quick p3 limits p19");
        assert_eq!(rows(&mut given), ["limits", "p3", "p18"]);
        assert!(given.flag("--quick"));
        assert!(given.finish().is_err());
    }

    #[test]
    fn every_row_that_is_measured_can_be_named() {
        let root = Workspace::find().unwrap().root().to_owned();
        let files = std::fs::read_dir(root.join("benches/src/rows")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let number = |name: String| name.strip_prefix('p')?.split('_').next()?.parse().ok();
        assert_eq!(names.filter_map(number).max(), Some(LAST_ROW));
    }
}
