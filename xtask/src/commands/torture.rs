//! `cargo xtask torture`: the crash, fault, corruption and kill tests with settings that take long, and sanitizers.

use std::path::Path;

use super::Command;
use crate::args::Args;
use crate::cargo::Invocation;
use crate::outcome::{Failure, Outcome, Verdict, each};

use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "torture",
    summary: "crash, fault, corruption and kill tests at length, and sanitizers",
    options: &[
        (
            "--part NAME",
            "crash, corruption, kill, sustained, asan or valgrind alone",
        ),
        (
            "--scale N",
            "how much more than one pass, for random parts (1)",
        ),
    ],
    run,
};

const PARTS: [&str; 6] = [
    "crash",
    "corruption",
    "kill",
    "sustained",
    "asan",
    "valgrind",
];

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let part = args.value("--part")?;
    let scale = args.number("--scale", 1)?;
    args.finish()?;
    if let Some(part) = part.as_deref().filter(|part| !PARTS.contains(part)) {
        return Err(Failure::new(format!(
            "There is no part `{part}`; the parts are {}.",
            PARTS.join(", ")
        )));
    }
    let chosen = PARTS
        .into_iter()
        .filter(|name| part.as_deref().is_none_or(|part| part == *name));
    each(chosen, |name| torture(workspace.root(), name, scale))?;
    Ok(Verdict::Passed)
}

fn torture(root: &Path, part: &str, scale: u64) -> Outcome<()> {
    match part {
        "crash" => Invocation::cargo(
            root,
            "test --release -p rotortree-store --test crash -- --nocapture",
        )
        .env("ROTORTREE_CRASH_DEPTH", "4")
        .env("ROTORTREE_CRASH_IMAGES", "48")
        .env("ROTORTREE_RANDOM_RUNS", &(20_000 * scale).to_string())
        .run(),
        "corruption" => Invocation::cargo(
            root,
            "test --release -p rotortree-store --test corruption -- --nocapture",
        )
        .env("ROTORTREE_ALL_BITS", "1")
        .env("ROTORTREE_TEST_LIMIT", "86400")
        .run(),
        "kill" => Invocation::cargo(
            root,
            "test --release -p rotortree --test durable kill -- --nocapture",
        )
        .env("ROTORTREE_KILLS", &(3_000 * scale).to_string())
        .run(),
        "sustained" => Invocation::cargo(
            root,
            "test --release -p rotortree --all-features --test durable -- --nocapture readers_prove_and_verify",
        )
        .env("ROTORTREE_SUSTAINED_SECONDS", &(120 * scale).to_string())
        .env("ROTORTREE_TEST_LIMIT", &(1200 + 240 * scale).to_string())
        .run(),
        // The standard library is not instrumented (that takes its source), so what is found is in this repository's code
        // and its dependencies.
        "asan" => sanitized(root, "address"),
        _ => valgrind(root),
    }
}

/// Packages and the choice of their tests, each a run of its own: those of every file with unsafe code, and the engine's.
const ADDRESS: [(&str, &str); 3] = [
    ("rotortree-hasher", "--lib"),
    ("rotortree-lean-imt", "--lib"),
    ("rotortree-store", "--lib --test engine --test cold"),
];

/// The same for Valgrind, which slows a test down thirty times.
const MEMCHECK: [(&str, &str); 3] = [
    ("rotortree-lean-imt", "--lib memory:: concurrent::"),
    ("rotortree-store", "--lib memory:: file_layer:: shard"),
    (
        "rotortree-store",
        "--test engine wait inserts second_owner backup",
    ),
];

/// Tests under a sanitizer of a nightly toolchain.
fn sanitized(root: &Path, sanitizer: &str) -> Outcome<()> {
    let target = host(root)?;
    each(ADDRESS, |(package, chosen)| {
        let words =
            format!("+nightly test --target {target} --target-dir target/{sanitizer} -p {package}");
        run_some(chosen, || {
            Invocation::program(root, "cargo", &words)
                .env("RUSTFLAGS", &format!("-Zsanitizer={sanitizer}"))
                .env("ASAN_OPTIONS", "detect_leaks=1")
        })
    })
}

/// Tests under Valgrind, whose view of memory needs no instrumented standard library.
fn valgrind(root: &Path) -> Outcome<()> {
    let target = host(root)?;
    let runner = format!(
        "CARGO_TARGET_{}_RUNNER",
        target.to_uppercase().replace('-', "_")
    );
    each(MEMCHECK, |(package, chosen)| {
        run_some(chosen, || {
            Invocation::cargo(root, &format!("test -p {package}"))
                .env(
                    &runner,
                    "valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
                     --errors-for-leak-kinds=definite",
                )
                .env("ROTORTREE_TEST_LIMIT", "3600")
        })
    })
}

/// Runs the tests that `chosen` names: targets, then filters. None at all is a failure.
fn run_some(chosen: &str, cargo_test: impl Fn() -> Invocation) -> Outcome<()> {
    let (targets, filters): (Vec<&str>, Vec<&str>) = {
        let words: Vec<&str> = chosen.split_whitespace().collect();
        // A target is `--lib`, or `--test` with a name.
        let targets = words
            .iter()
            .rposition(|word| word.starts_with("--"))
            .map_or(0, |last| last + 1 + usize::from(words[last] == "--test"));
        let (targets, filters) = words.split_at(targets);
        (targets.to_vec(), filters.to_vec())
    };
    let run = |more: &[&str]| {
        cargo_test()
            .args(&targets)
            .args(["--"])
            .args(&filters)
            .args(more)
    };
    if super::loom::listed(&run(&["--list"]).output()?) == 0 {
        return Err(Failure::new(format!("`{chosen}` names no test.")));
    }
    run(&[]).run()
}

fn host(root: &Path) -> Outcome<String> {
    let version = Invocation::program(root, "rustc", "-vV").output()?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("`rustc -vV` names no host.".to_owned()))
}
