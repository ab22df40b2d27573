//! `cargo xtask ci`: every step, timed, with a table at the end.
//!
//! Later steps run after a failed one, so that one run reports everything; `--fail-fast` stops at
//! the first failure.

use std::time::{Duration, Instant};

use super::{
    bucket, explorer, features, fuzz, interop, layering, loom, no_std, package, platforms, server,
    surface, test, tidy, tools, vendor,
};

use crate::args::Args;
use crate::command::Command;
use crate::outcome::{Failure, Outcome};
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

/// The steps, quick ones first.
static STEPS: [Command; 19] = [
    tidy::COMMAND,
    layering::COMMAND,
    vendor::COMMAND,
    tools::FMT,
    tools::MACHETE,
    tools::CLIPPY,
    tools::DOCS,
    surface::COMMAND,
    test::COMMAND,
    loom::COMMAND,
    features::COMMAND,
    no_std::COMMAND,
    platforms::COMMAND,
    interop::COMMAND,
    bucket::COMMAND,
    server::COMMAND,
    explorer::COMMAND,
    fuzz::COMMAND,
    package::COMMAND,
];

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
    let mut rows = Vec::new();
    for step in chosen(from.as_deref(), only.as_deref())? {
        let name = step.name;
        terminal::heading(format_args!("{name}: {}", step.summary));
        let began = Instant::now();
        let outcome = (step.run)(workspace, Args::default());
        match &outcome {
            Ok(verdict) => terminal::line(format_args!("{name}: {verdict}")),
            Err(failure) => terminal::line(format_args!("{name}: FAILED\n{failure}")),
        }
        let failed = outcome.is_err();
        rows.push(Row {
            step: name,
            took: began.elapsed(),
            outcome,
        });
        if failed && fail_fast {
            break;
        }
    }

    terminal::heading("summary");
    terminal::line(summary(&rows, start.elapsed()));
    verdict(&rows)
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
    use crate::outcome::Verdict;

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
    use crate::outcome::Verdict;

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
        assert_eq!(names(Some("fuzz"), None), Ok(vec!["fuzz", "package"]));
        assert!(names(Some("nothing"), None).is_err());
        assert!(names(Some("docs"), Some("docs")).is_err());
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
