//! `cargo xtask mutations`: removes each protection of the list, in a copy, and checks that
//! its test fails.
//!
//! Not a step of `ci`, because it builds once per mutation. CI checks that the list still fits the
//! sources (`tidy`).

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use crate::args::Args;
use crate::command::Command;
use crate::mutations::{AREAS, Area, Copy, Fate, Mutation, ROWS, Test, Trials, read};
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::terminal;
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "mutations",
    summary: "take protections out one by one and see the tests fail",
    options: &[
        ("--only NAME", "this mutation alone"),
        ("--area NAME", "those of one file of the list"),
        ("--row N", "those of one row of the fault table"),
        ("--list", "print the list and run nothing"),
    ],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let only = args.value("--only")?;
    let area = args.value("--area")?;
    let row = args.number("--row", 0)?;
    let list = args.flag("--list");
    args.finish()?;
    let areas = read(workspace.root())?;
    let chosen = chosen(&areas, only.as_deref(), area.as_deref(), row)?;
    if list {
        for mutation in &chosen {
            terminal::line(listed(mutation));
        }
        return Ok(Verdict::PassedWith(format!("{} mutations", chosen.len())));
    }
    let target = workspace.metadata()?.target_directory;
    let folder = Path::new(&target).join("mutations");
    let copy = Copy::of(workspace.root(), folder.join("tree"))?;
    let mut trials = Trials::new(copy.root(), folder.join("target"));
    rehearse(&mut trials, &chosen)?;
    let (fates, tried) = mutate(&copy, &trials, &chosen);
    terminal::heading("summary");
    terminal::line(summary(&fates));
    tried?;
    verdict(&fates)
}

/// The mutations that the options ask for.
fn chosen<'a>(
    areas: &'a [Area],
    only: Option<&str>,
    area: Option<&str>,
    row: u64,
) -> Outcome<Vec<&'a Mutation>> {
    let chosen: Vec<&Mutation> = areas
        .iter()
        .filter(|of| area.is_none_or(|area| area == of.name))
        .flat_map(|of| &of.mutations)
        .filter(|mutation| only.is_none_or(|name| name == mutation.name))
        .filter(|mutation| row == 0 || mutation.rows.iter().any(|of| u64::from(*of) == row))
        .collect();
    if chosen.is_empty() {
        Err(Failure::new(format!(
            "No mutation of the list is meant by that; the areas are {}.",
            AREAS.join(", ")
        )))
    } else {
        Ok(chosen)
    }
}

fn listed(mutation: &Mutation) -> String {
    let Test {
        package,
        target,
        name,
    } = &mutation.test;
    format!(
        "{} (rows {:?}): {}\n    {}\n    {package}, {target}: {name}",
        mutation.name, mutation.rows, mutation.protects, mutation.file
    )
}

/// Runs every named test on the unchanged tree: a test that fails now, or does not exist, would
/// catch nothing.
fn rehearse(trials: &mut Trials, chosen: &[&Mutation]) -> Outcome<()> {
    terminal::heading("without mutations");
    let tests: BTreeSet<&Test> = chosen.iter().map(|mutation| &mutation.test).collect();
    each(tests, |test| {
        let taken = trials.rehearse(test)?.as_secs_f64();
        terminal::line(format_args!(
            "{taken:>7.1} s  {} {} {}",
            test.package, test.target, test.name
        ));
        Ok(())
    })
}

/// The fate of each mutation, and the mutations that could not be tried: one that does not compile
/// is an error of the list.
fn mutate<'a>(
    copy: &Copy,
    trials: &Trials,
    chosen: &[&'a Mutation],
) -> (Vec<(&'a Mutation, Fate)>, Outcome<()>) {
    terminal::heading("mutations");
    let mut fates = Vec::new();
    let tried = each(chosen, |mutation| {
        let start = Instant::now();
        let mutated = copy.mutate(mutation)?;
        let ending = trials.try_out(&mutation.test).map_err(|failure| {
            Failure::new(format!(
                "mutation `{}` cannot be tried out:\n{failure}",
                mutation.name
            ))
        })?;
        drop(mutated);
        let fate = Fate::of(ending, mutation.explained.is_some());
        terminal::line(format_args!(
            "{:>7.1} s  {:<14}  {}",
            start.elapsed().as_secs_f64(),
            fate.told(),
            mutation.name
        ));
        fates.push((*mutation, fate));
        Ok(())
    });
    (fates, tried)
}

fn summary(fates: &[(&Mutation, Fate)]) -> String {
    let mut text = String::new();
    for (mutation, fate) in fates {
        let rows: Vec<String> = mutation.rows.iter().map(u8::to_string).collect();
        text.push_str(&format!(
            "{:<14} {:<10} {}\n",
            fate.told(),
            rows.join(" "),
            mutation.protects
        ));
        if let Some(reason) = &mutation.explained {
            text.push_str(&format!("{:<26}because {reason}\n", ""));
        }
    }
    text.push_str("\nrow: mutations");
    for row in ROWS {
        let count = fates
            .iter()
            .filter(|(mutation, _)| mutation.rows.contains(&row))
            .count();
        text.push_str(&format!("  {row}: {count}"));
    }
    text
}

fn verdict(fates: &[(&Mutation, Fate)]) -> Outcome {
    let bad: Vec<String> = fates
        .iter()
        .filter(|(_, fate)| !fate.is_fine())
        .map(|(mutation, fate)| format!("{}: {}", mutation.name, fate.told()))
        .collect();
    if !bad.is_empty() {
        return Err(Failure::new(bad.join("\n")));
    }
    let count = |fate: Fate| fates.iter().filter(|(_, of)| *of == fate).count();
    Ok(Verdict::PassedWith(format!(
        "{} mutations: {} caught, {} of them by hanging; {} survive and are explained",
        fates.len(),
        count(Fate::Caught) + count(Fate::CaughtByHanging),
        count(Fate::CaughtByHanging),
        count(Fate::Explained)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_are_chosen_by_name_area_and_row() {
        let areas = read(Workspace::find().unwrap().root()).unwrap();
        let count = |only, area, row| chosen(&areas, only, area, row).map(|chosen| chosen.len());
        let all: usize = areas.iter().map(|area| area.mutations.len()).sum();
        assert_eq!(count(None, None, 0), Ok(all));
        assert_eq!(count(Some(&areas[0].mutations[0].name), None, 0), Ok(1));
        let of_areas = AREAS.iter().map(|area| count(None, Some(area), 0).unwrap());
        assert_eq!(of_areas.sum::<usize>(), all);
        for row in ROWS {
            let of_row = chosen(&areas, None, None, u64::from(row)).unwrap();
            assert!(of_row.iter().all(|mutation| mutation.rows.contains(&row)));
        }
        assert!(count(Some("no-such-mutation"), None, 0).is_err());
        assert!(count(None, Some("no-such-area"), 0).is_err());
        assert!(count(None, None, 99).is_err());
    }

    #[test]
    fn one_survivor_fails_the_run_and_is_named() {
        let mutation = Mutation::sample();
        let caught = (&mutation, Fate::Caught);
        assert!(verdict(&[caught, (&mutation, Fate::CaughtByHanging)]).is_ok());
        let failure = verdict(&[caught, (&mutation, Fate::Survived)]).unwrap_err();
        assert_eq!(failure.to_string(), "sample: SURVIVED");
    }
}
