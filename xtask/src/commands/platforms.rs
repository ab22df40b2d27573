//! `cargo xtask platforms`: the crates compile for other systems, and their tests run on another
//! processor.
//!
//! With `--run`, tests run under an emulator of aarch64; Debian's packages `qemu-user`,
//! `gcc-aarch64-linux-gnu` and `libc6-dev-arm64-cross` have what that takes.

use std::path::Path;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "platforms",
    summary: "compile for Windows, macOS and Linux on aarch64, without a warning",
    options: &[(
        "--run",
        "compile tests too, and run those of aarch64, which takes long",
    )],
    run,
};

/// The other systems.
const TARGETS: [&str; 3] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin", ARM];
const ARM: &str = "aarch64-unknown-linux-gnu";

/// The crates that call the system, or are built on one that does, and all below them. BLAKE3's
/// own code in C is left out, since it takes a compiler for the target.
const COMPILED: &str = "clippy --quiet --no-deps --all-features -p rotortree-hasher \
                        -p rotortree-lean-imt -p rotortree-poseidon -p rotortree-wal \
                        -p rotortree-store -p rotortree-tiles -p rotortree \
                        --features blake3/pure";

/// The tests that run under the emulator: every kernel, every layout of bytes, mappings, locks and
/// descriptors.
const RUN: [&str; 2] = [
    "-p rotortree-hasher -p rotortree-wal -p rotortree-lean-imt --all-features --lib --tests",
    "-p rotortree-store --all-features --lib --test backends --test manifest --test engine",
];

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let runs = args.flag("--run");
    args.finish()?;
    let root = workspace.root();
    let installed = Invocation::program(root, "rustup", "target list --installed").output();
    let installed = installed.unwrap_or_default();
    let (there, missing): (Vec<&str>, Vec<&str>) = TARGETS
        .iter()
        .partition(|target| installed.lines().any(|line| line == **target));
    let kinds = if runs { "--lib --tests" } else { "--lib" };
    each(&there, |target| {
        Invocation::cargo(root, &format!("{COMPILED} {kinds} --target {target}"))
            .args(["--", "-D", "warnings"])
            .run()
    })?;
    if runs {
        if !there.contains(&ARM) {
            return Err(Failure::new(format!("`{ARM}` is not installed.")));
        }
        each(RUN, |tests| emulated(root, tests))?;
    }
    match (missing.is_empty(), std::env::var_os("CI").is_some()) {
        (true, _) => Ok(Verdict::Passed),
        (false, true) => Err(Failure::new(format!(
            "These targets are not installed: {}.",
            missing.join(", ")
        ))),
        (false, false) => Ok(Verdict::PassedWith(format!(
            "not installed: {}",
            missing.join(", ")
        ))),
    }
}

/// Runs tests of [`ARM`] under its emulator.
fn emulated(root: &Path, tests: &str) -> Outcome<()> {
    let words = format!("test --no-fail-fast --target {ARM} {tests}");
    Invocation::cargo(root, &words)
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "aarch64-linux-gnu-gcc",
        )
        .env("CC_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-gcc")
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
            "qemu-aarch64 -L /usr/aarch64-linux-gnu",
        )
        .env("ROTORTREE_TEST_LIMIT", "3600")
        .run_tests()
}
