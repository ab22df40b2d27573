//! `cargo xtask torture`: the crash, fault, corruption, kill, system call and fork tests with
//! settings that take long, and sanitizers.
//!
//! A part in which no test ran has failed.

use std::path::Path;

use super::bucket;
use crate::args::Args;
use crate::cargo::{Invocation, host};
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "torture",
    summary: "crash, fault, corruption and process tests at length, and sanitizers",
    options: &[
        (
            "--part NAME",
            "crash, log, corruption, kill, nullifiers, indexer, server, syscalls, fork, sustained, \
             simulation, object-store, asan or valgrind alone",
        ),
        (
            "--scale N",
            "how much more than one pass, for random parts (1)",
        ),
    ],
    run,
};

/// A part: tests, optimized, with the variables that make them long.
struct Part {
    name: &'static str,
    /// The options and filters of `cargo test`.
    words: &'static str,
    /// Each variable with a fixed number, and one that counts for each pass.
    settings: &'static [(&'static str, u64, u64)],
}

const PARTS: [Part; 11] = [
    Part {
        name: "crash",
        words: "-p rotortree-store --test crash --",
        settings: &[
            ("ROTORTREE_CRASH_DEPTH", 4, 0),
            ("ROTORTREE_CRASH_IMAGES", 48, 0),
            ("ROTORTREE_RANDOM_RUNS", 0, 20_000),
        ],
    },
    Part {
        name: "log",
        words: "-p rotortree-wal --test wal -- --ignored the_rules_hold_over_deeper_histories",
        settings: &[],
    },
    Part {
        name: "corruption",
        words: "-p rotortree-store --test corruption --",
        settings: &[
            ("ROTORTREE_ALL_BITS", 1, 0),
            ("ROTORTREE_TEST_LIMIT", 86_400, 0),
        ],
    },
    Part {
        name: "kill",
        words: "-p rotortree --test kill -- --exact \
                a_killed_process_loses_nothing_that_it_was_told_is_durable",
        settings: &[("ROTORTREE_KILLS", 0, 10_000)],
    },
    // The examples, whose processes are killed.
    Part {
        name: "nullifiers",
        words: "-p rotortree-index --example nullifier_set -- --exact \
                tests::killed::no_kill_loses_a_block_or_lets_a_nullifier_be_spent_twice",
        settings: &[("ROTORTREE_KILLS", 0, 250)],
    },
    Part {
        name: "indexer",
        words: "-p rotortree --example chain_indexer -- --exact \
                tests::killed::an_indexer_that_was_killed_is_where_one_is_that_never_was",
        settings: &[("ROTORTREE_KILLS", 0, 400)],
    },
    Part {
        name: "server",
        words: "-p rotortree-cli --test serve -- --exact \
                kills::a_killed_server_has_every_append_that_it_acknowledged",
        settings: &[("ROTORTREE_SERVER_KILLS", 0, 1000)],
    },
    // Every point; a missing tool is a failure, as `CI` asks.
    Part {
        name: "syscalls",
        words: "-p rotortree --test syscalls -- --exact \
                points::no_system_call_that_fails_and_no_kill_at_one_costs_what_was_told_is_durable",
        settings: &[("ROTORTREE_SYSCALL_POINTS", 0, 0), ("CI", 1, 0)],
    },
    Part {
        name: "fork",
        words: "-p rotortree --all-features --test fork -- --exact \
                under_load::no_child_of_a_busy_process_hangs_or_changes_its_parents_tree",
        settings: &[("ROTORTREE_FORK_ROUNDS", 0, 20)],
    },
    Part {
        name: "sustained",
        words: "-p rotortree --all-features --test durable -- readers_prove_and_verify",
        settings: &[
            ("ROTORTREE_SUSTAINED_SECONDS", 0, 120),
            ("ROTORTREE_TEST_LIMIT", 1200, 240),
        ],
    },
    Part {
        name: "simulation",
        words: "-p rotortree-object-store --test simulation --",
        settings: &[
            ("ROTORTREE_ALL_STEPS", 1, 0),
            ("ROTORTREE_RANDOM_RUNS", 0, 1000),
            ("ROTORTREE_TEST_LIMIT", 86_400, 0),
        ],
    },
];

/// The part that kills a running object store.
const STORE: &str = "object-store";

/// The parts that run unit tests under a tool which watches memory.
const WATCHED: [&str; 2] = ["asan", "valgrind"];

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let part = args.value("--part")?;
    let scale = args.number("--scale", 1)?;
    args.finish()?;
    let names = PARTS.iter().map(|part| part.name);
    let names = names.chain([STORE]).chain(WATCHED);
    let chosen: Vec<&str> = names
        .clone()
        .filter(|name| part.as_deref().is_none_or(|part| part == *name))
        .collect();
    if chosen.is_empty() {
        return Err(Failure::new(format!(
            "There is no such part; the parts are {}.",
            names.collect::<Vec<_>>().join(", ")
        )));
    }
    each(chosen, |name| match name {
        STORE => bucket::torture(workspace, scale),
        name => torture(workspace.root(), name, scale),
    })?;
    Ok(Verdict::Passed)
}

fn torture(root: &Path, name: &str, scale: u64) -> Outcome<()> {
    match PARTS.iter().find(|part| part.name == name) {
        Some(part) => {
            let words = format!("test --release {} --nocapture", part.words);
            let tests = Invocation::cargo(root, &words);
            let set = |tests: Invocation, (name, fixed, pass): &(&str, u64, u64)| {
                tests.env(name, &(fixed + pass * scale).to_string())
            };
            part.settings.iter().fold(tests, set).run_tests()
        }
        // The standard library is not instrumented (that takes its source), so every finding is in
        // this repository's code or its dependencies.
        None if name == "asan" => sanitized(root, "address"),
        None => valgrind(root),
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
