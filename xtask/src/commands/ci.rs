//! `cargo xtask ci`: every step, timed, with a table at the end.
//!
//! Later steps run after a failed one, so that one run reports everything; `--fail-fast` stops at
//! the first failure. All steps but the tests wait for one compiler, for servers and for files much
//! of their time: they run side by side, each as a program of its own, whose lines are printed
//! together.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{
    bucket, explorer, features, fuzz, interop, layering, loom, no_std, package, platforms, server,
    surface, test, tidy, tools, vendor,
};

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each_side_by_side};
use crate::terminal;
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "ci",
    summary: "run every check that CI runs, and print a summary",
    options: &[
        ("--from STEP", "start at this step"),
        ("--only STEP", "run this step alone"),
        ("--fail-fast", "stop at the first step that fails"),
    ],
    run,
};

/// The steps, those before the tests and those behind them side by side. A step that takes long
/// begins early; quick ones stand beside `clippy`, on which `docs` waits.
static STEPS: [Command; 19] = [
    tools::CLIPPY,
    tidy::COMMAND,
    layering::COMMAND,
    vendor::COMMAND,
    tools::FMT,
    tools::MACHETE,
    tools::DOCS,
    surface::COMMAND,
    test::COMMAND,
    features::COMMAND,
    fuzz::COMMAND,
    loom::COMMAND,
    interop::COMMAND,
    platforms::COMMAND,
    bucket::COMMAND,
    no_std::COMMAND,
    explorer::COMMAND,
    package::COMMAND,
    server::COMMAND,
];

/// The step that runs alone: it uses every processor, and some of its tests have limits of time.
const ALONE: &str = test::COMMAND.name;

/// The outcome of a step.
struct Row {
    step: &'static str,
    took: Duration,
    outcome: Outcome,
}

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let from = args.value("--from")?;
    let only = args.value("--only")?;
    let fail_fast = args.flag("--fail-fast");
    args.finish()?;

    let start = Instant::now();
    // Cargo puts another build of it into its place while the tests are built.
    let xtask = std::env::current_exe().map_err(|error| Failure::io("xtask", &error))?;
    let mut rows = Vec::new();
    for group in groups(chosen(from.as_deref(), only.as_deref())?, fail_fast) {
        rows.extend(match group {
            [step] => vec![timed(step, || (step.run)(workspace, Args::default()))],
            _ => side_by_side(group, |step| {
                told_apart(workspace.root(), &xtask, step.name)
            })?,
        });
        if fail_fast && rows.iter().any(|row| row.outcome.is_err()) {
            break;
        }
    }

    terminal::heading("summary");
    terminal::line(summary(&rows, start.elapsed()));
    verdict(&rows)
}

/// The steps that run side by side; each by itself where the first failure is to end the run.
fn groups(steps: &[Command], fail_fast: bool) -> impl Iterator<Item = &[Command]> {
    let is_alone = |step: &Command| step.name == ALONE;
    steps.chunk_by(move |one, next| !fail_fast && !is_alone(one) && !is_alone(next))
}

/// Runs a step by `run`, and tells how it ended.
fn timed(step: &Command, run: impl FnOnce() -> Outcome) -> Row {
    let name = step.name;
    terminal::heading(format_args!("{name}: {}", step.summary));
    let began = Instant::now();
    let outcome = run();
    match &outcome {
        Ok(verdict) => terminal::line(format_args!("{name}: {verdict}")),
        Err(failure) => terminal::line(format_args!("{name}: FAILED\n{failure}")),
    }
    Row {
        step: name,
        took: began.elapsed(),
        outcome,
    }
}

/// Runs steps by `run`, as many at a time as there are processors.
fn side_by_side(steps: &[Command], run: impl Fn(&Command) -> Outcome + Sync) -> Outcome<Vec<Row>> {
    let rows = Mutex::new(Vec::new());
    each_side_by_side(steps.iter().enumerate(), |(place, step)| {
        let row = timed(step, || run(step));
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.push((place, row));
        Ok(())
    })?;
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Runs a command as a program of its own, whose lines are printed together; its verdict.
fn told_apart(root: &Path, xtask: &Path, name: &str) -> Outcome {
    let lines = Invocation::xtask(root, xtask, name).run_apart()?;
    last_verdict(&lines, name)
}

/// The verdict among the lines of the command of this name.
fn last_verdict(lines: &str, name: &str) -> Outcome {
    let verdict = |line: &str| Verdict::told(line.strip_prefix(name)?.strip_prefix(": ")?);
    let told = lines.lines().rev().find_map(verdict);
    told.ok_or_else(|| Failure::new(format!("`{name}` does not say how it ended.")))
}

/// The steps that the options ask for.
fn chosen(from: Option<&str>, only: Option<&str>) -> Outcome<&'static [Command]> {
    let position = |name: &str| {
        STEPS
            .iter()
            .position(|step| step.name == name)
            .ok_or_else(|| {
                let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                let names = names.join(", ");
                Failure::new(format!("`{name}` is not a step; the steps are {names}."))
            })
    };
    match (from, only) {
        (Some(_), Some(_)) => Err(Failure::new("Give --from or --only, not both.")),
        (Some(name), None) => Ok(&STEPS[position(name)?..]),
        (None, Some(name)) => Ok(&STEPS[position(name)?..=position(name)?]),
        (None, None) => Ok(&STEPS),
    }
}

fn summary(rows: &[Row], total: Duration) -> String {
    let mut text = String::new();
    for row in rows {
        let seconds = row.took.as_secs_f64();
        let outcome = match &row.outcome {
            Ok(verdict) => verdict.to_string(),
            Err(failure) => {
                let first = failure.to_string();
                format!("FAILED: {}", first.lines().next().unwrap_or_default())
            }
        };
        text.push_str(&format!("{:<10} {seconds:>7.1} s  {outcome}\n", row.step));
    }
    text.push_str(&format!("{:<10} {:>7.1} s", "total", total.as_secs_f64()));
    text
}

fn verdict(rows: &[Row]) -> Outcome {
    let named = |keep: fn(&Row) -> bool| -> Vec<&str> {
        rows.iter()
            .filter(|row| keep(row))
            .map(|row| row.step)
            .collect()
    };
    let failed = named(|row| row.outcome.is_err());
    if !failed.is_empty() {
        return Err(Failure::new(format!("Failed: {}.", failed.join(", "))));
    }
    let skipped = named(|row| matches!(row.outcome, Ok(Verdict::Skipped(_))));
    if skipped.is_empty() {
        Ok(Verdict::Passed)
    } else {
        Ok(Verdict::PassedWith(format!(
            "skipped: {}",
            skipped.join(", ")
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: &'static str, outcome: Outcome) -> Row {
        Row {
            step,
            took: Duration::from_millis(1500),
            outcome,
        }
    }

    #[test]
    fn steps_are_chosen_by_name() {
        let names = |from, only| {
            let steps = chosen(from, only);
            steps.map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(None, None).unwrap().len(), STEPS.len());
        assert_eq!(names(None, Some("docs")), Ok(vec!["docs"]));
        assert_eq!(names(Some("package"), None), Ok(vec!["package", "server"]));
        assert!(names(Some("nothing"), None).is_err());
        assert!(names(Some("docs"), Some("docs")).is_err());
    }

    #[test]
    fn the_verdict_of_a_command_is_the_last_one_of_its_name() {
        let lines = "fuzz: ok\nfuzz: ok (8 targets)\nloom: ok\nwarning: fuzz: ok\n";
        let eight = Verdict::PassedWith("8 targets".to_owned());
        assert_eq!(last_verdict(lines, "fuzz"), Ok(eight));
        assert!(last_verdict(lines, "features").is_err());
    }

    #[test]
    fn steps_side_by_side_keep_their_order_and_their_outcomes() {
        let run = |step: &Command| match step.name {
            "layering" => Err(Failure::new("a circle")),
            name => Ok(Verdict::PassedWith(name.to_owned())),
        };
        let steps = &STEPS[1..4];
        let rows = side_by_side(steps, run).unwrap();
        assert_eq!(rows.len(), steps.len());
        for (row, step) in rows.iter().zip(steps) {
            assert_eq!(row.step, step.name);
            assert_eq!(row.outcome, run(step));
        }
    }

    #[test]
    fn the_tests_run_alone_and_each_step_where_the_first_failure_ends_the_run() {
        let lengths = |steps, fail_fast| -> Vec<usize> {
            groups(steps, fail_fast).map(<[Command]>::len).collect()
        };
        assert_eq!(lengths(&STEPS, false), [8, 1, 10]);
        assert_eq!(lengths(&STEPS[8..], false), [1, 10]);
        assert_eq!(STEPS[8].name, "test");
        assert_eq!(lengths(&STEPS, true), [1; 19]);
        assert!(lengths(&[], false).is_empty());
    }

    #[test]
    fn one_failed_step_fails_the_run() {
        let rows = [
            row("fmt", Ok(Verdict::Passed)),
            row("test", Err(Failure::new("two tests\nmore"))),
            row("fuzz", Ok(Verdict::Skipped("no nightly".to_owned()))),
        ];
        assert_eq!(verdict(&rows), Err(Failure::new("Failed: test.")));
        let summary = summary(&rows, Duration::from_secs(3));
        assert!(summary.contains("test           1.5 s  FAILED: two tests\n"));
        assert!(summary.contains("fuzz           1.5 s  skipped: no nightly\n"));
        assert!(summary.ends_with("total          3.0 s"));
    }

    #[test]
    fn a_skipped_step_is_told_but_passes() {
        let rows = [row("fuzz", Ok(Verdict::Skipped("no nightly".to_owned())))];
        assert_eq!(
            verdict(&rows),
            Ok(Verdict::PassedWith("skipped: fuzz".to_owned()))
        );
        assert_eq!(verdict(&[]), Ok(Verdict::Passed));
    }
}
