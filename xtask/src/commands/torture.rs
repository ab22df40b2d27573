//! `cargo xtask torture`: the crash, fault, corruption, kill, system call and fork tests with
//! settings that take long, and sanitizers.
//!
//! A part in which no test ran has failed.

use std::path::Path;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};

use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "torture",
    summary: "crash, fault, corruption and process tests at length, and sanitizers",
    options: &[
        (
            "--part NAME",
            "crash, log, corruption, kill, syscalls, fork, sustained, asan or valgrind alone",
        ),
        (
            "--scale N",
            "how much more than one pass, for random parts (1)",
        ),
    ],
    run,
};

const PARTS: [&str; 9] = [
    "crash",
    "log",
    "corruption",
    "kill",
    "syscalls",
    "fork",
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
        .run_tests(),
        "log" => Invocation::cargo(
            root,
            "test --release -p rotortree-wal --test wal -- --ignored --nocapture \
             the_rules_hold_over_deeper_histories",
        )
        .run_tests(),
        "corruption" => Invocation::cargo(
            root,
            "test --release -p rotortree-store --test corruption -- --nocapture",
        )
        .env("ROTORTREE_ALL_BITS", "1")
        .env("ROTORTREE_TEST_LIMIT", "86400")
        .run_tests(),
        "kill" => Invocation::cargo(
            root,
            "test --release -p rotortree --test kill -- --nocapture --exact \
             a_killed_process_loses_nothing_that_it_was_told_is_durable",
        )
        .env("ROTORTREE_KILLS", &(10_000 * scale).to_string())
        .run_tests(),
        // Every point; a missing tool is a failure.
        "syscalls" => Invocation::cargo(
            root,
            "test --release -p rotortree --test syscalls -- --nocapture --exact \
             points::no_system_call_that_fails_and_no_kill_at_one_costs_what_was_told_is_durable",
        )
        .env("ROTORTREE_SYSCALL_POINTS", "0")
        .env("CI", "true")
        .run_tests(),
        "fork" => Invocation::cargo(
            root,
            "test --release -p rotortree --all-features --test fork -- --nocapture --exact \
             under_load::no_child_of_a_busy_process_hangs_or_changes_its_parents_tree",
        )
        .env("ROTORTREE_FORK_ROUNDS", &(20 * scale).to_string())
        .run_tests(),
        "sustained" => Invocation::cargo(
            root,
            "test --release -p rotortree --all-features --test durable -- --nocapture \
             readers_prove_and_verify",
        )
        .env("ROTORTREE_SUSTAINED_SECONDS", &(120 * scale).to_string())
        .env("ROTORTREE_TEST_LIMIT", &(1200 + 240 * scale).to_string())
        .run_tests(),
        // The standard library is not instrumented (that takes its source), so every finding is in
        // this repository's code or its dependencies.
        "asan" => sanitized(root, "address"),
        _ => valgrind(root),
    }
}

/// Runs of `cargo test`: the tests of every file with unsafe code, and the engine's.
const ADDRESS: [&str; 3] = [
    "-p rotortree-hasher --lib",
    "-p rotortree-lean-imt --lib",
    "-p rotortree-store --lib --test cold --test engine",
];

/// The same for Valgrind, which slows a test down thirty times.
const MEMCHECK: [&str; 3] = [
    "-p rotortree-lean-imt --lib -- memory:: concurrent::",
    "-p rotortree-store --lib -- memory:: file_layer:: shard",
    "-p rotortree-store --test engine -- calls::inserts calls::the_second calls::a_backup",
];

/// Tests under a sanitizer of a nightly toolchain.
fn sanitized(root: &Path, sanitizer: &str) -> Outcome<()> {
    let target = host(root)?;
    each(ADDRESS, |chosen| {
        let words =
            format!("+nightly test --target {target} --target-dir target/{sanitizer} {chosen}");
        Invocation::program(root, "cargo", &words)
            .env("RUSTFLAGS", &format!("-Zsanitizer={sanitizer}"))
            .env("ASAN_OPTIONS", "detect_leaks=1")
            .run_tests()
    })
}

/// Tests under Valgrind, whose view of memory needs no instrumented standard library.
fn valgrind(root: &Path) -> Outcome<()> {
    let target = host(root)?;
    let runner = format!(
        "CARGO_TARGET_{}_RUNNER",
        target.to_uppercase().replace('-', "_")
    );
    each(MEMCHECK, |chosen| {
        Invocation::cargo(root, &format!("test {chosen}"))
            .env(
                &runner,
                "valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
                 --errors-for-leak-kinds=definite",
            )
            .env("ROTORTREE_TEST_LIMIT", "3600")
            .run_tests()
    })
}

fn host(root: &Path) -> Outcome<String> {
    let version = Invocation::program(root, "rustc", "-vV").output()?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("`rustc -vV` names no host.".to_owned()))
}
