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
            "crash, corruption, kill, asan or valgrind alone",
        ),
        (
            "--scale N",
            "how much more than one pass, for random parts (1)",
        ),
    ],
    run,
};

const PARTS: [&str; 5] = ["crash", "corruption", "kill", "asan", "valgrind"];

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
        .run(),
        "kill" => Invocation::cargo(
            root,
            "test --release -p rotortree --test durable kill -- --nocapture",
        )
        .env("ROTORTREE_KILLS", &(3_000 * scale).to_string())
        .run(),
        // The standard library is not instrumented (that takes its source), so what is found is in this repository's code
        // and its dependencies.
        "asan" => sanitized(root, "address"),
        _ => valgrind(root),
    }
}

/// The tests of every file with unsafe code, and the engine's, under a sanitizer of a nightly toolchain.
fn sanitized(root: &Path, sanitizer: &str) -> Outcome<()> {
    let target = host(root)?;
    let words = format!(
        "+nightly test --target {target} --target-dir target/{sanitizer} -p rotortree-hasher -p rotortree-lean-imt -p rotortree-store \
         --lib --test engine --test cold"
    );
    Invocation::program(root, "cargo", &words)
        .env("RUSTFLAGS", &format!("-Zsanitizer={sanitizer}"))
        .env("ASAN_OPTIONS", "detect_leaks=1")
        .run()
}

/// The same tests under Valgrind, whose view of memory needs no instrumented standard library.
fn valgrind(root: &Path) -> Outcome<()> {
    let target = host(root)?;
    let runner = format!(
        "CARGO_TARGET_{}_RUNNER",
        target.to_uppercase().replace('-', "_")
    );
    Invocation::cargo(
        root,
        "test -p rotortree-lean-imt -p rotortree-store --lib -- memory segment shard",
    )
    .env(
        &runner,
        "valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite",
    )
    .run()
}

fn host(root: &Path) -> Outcome<String> {
    let version = Invocation::program(root, "rustc", "-vV").output()?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("`rustc -vV` names no host.".to_owned()))
}
