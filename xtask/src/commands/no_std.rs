//! `cargo xtask no-std`: the hasher, the tree and the facade work without `std`.
//!
//! A library that merely compiles as `no_std` may still pull `std` in through a dependency. So a
//! small program with its own panic handler and allocator is linked and run: beside `std`, which
//! brings both, it would not compile. Its graph and its symbols are then searched for `std` as
//! well, so that a proof that has stopped proving is noticed.

use std::collections::BTreeSet;
use std::path::Path;

use crate::args::Args;
use crate::cargo::{Invocation, host};
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::symbols;
use crate::terminal;
use crate::workspace::{NO_STD_PROOF, Workspace};

pub(super) const COMMAND: Command = Command {
    name: "no-std",
    summary: "link and run the in-memory tree without std",
    options: &[],
    run,
};

/// A target without an operating system, for which there is no `std` at all.
const BARE: &str = "x86_64-unknown-none";

/// The packages to compile for the bare target if the proof cannot be linked.
const COMPILED: [&str; 5] = [
    "-p rotortree-hasher --no-default-features --features blake3,digest,sha2,keccak",
    "-p rotortree-lean-imt --no-default-features --features blake3",
    "-p rotortree-lean-imt --no-default-features --features serde",
    "-p rotortree-poseidon",
    "-p rotortree --no-default-features --features blake3",
];

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let root = workspace.root();
    check_graph(root)?;
    let targets = Invocation::program(root, "rustup", "target list --installed").output();
    let has_bare = targets.is_ok_and(|targets| targets.lines().any(|target| target == BARE));
    let target = if has_bare {
        format!("--target {BARE}")
    } else {
        String::new()
    };
    for options in COMPILED {
        Invocation::cargo(root, &format!("check --lib {options} {target}")).run()?;
    }
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        let reason = "compiled only: the proof is linked and run on linux-gnu";
        return Ok(Verdict::PassedWith(reason.to_owned()));
    }

    let folder = format!("{}/no-std-proof", workspace.metadata()?.target_directory);
    let build = format!("build --release --manifest-path {NO_STD_PROOF}/Cargo.toml --target-dir");
    Invocation::cargo(root, &build).args([&folder]).run()?;
    let program = format!("{folder}/release/no-std-proof");
    // It ends well only if the proofs it makes verify and the altered ones do not.
    Invocation::program(root, &program, "").run()?;
    if !Invocation::program(root, "nm", "--version").succeeds() {
        let reason = "symbols not read: there is no `nm`";
        return Ok(Verdict::PassedWith(reason.to_owned()));
    }
    check_symbols(root, &program)
}

/// Refuses a graph in which a linked package has its `std` feature on.
fn check_graph(root: &Path) -> Outcome<()> {
    // For this system: what another one, or a build that checks models, would link stays out.
    let host = host(root)?;
    // `cargo metadata` also shows dependencies that only another request would build; `cargo tree`
    // shows the built ones.
    let words = format!(
        "tree --manifest-path {NO_STD_PROOF}/Cargo.toml --target {host} --edges normal,no-proc-macro \
         --prefix none --format {{p}}|{{f}}"
    );
    let tree = Invocation::cargo(root, &words).output()?;
    let offenders = with_std(&tree)?;
    if offenders.is_empty() {
        terminal::line("no package of the graph has its `std` feature on");
        Ok(())
    } else {
        Err(Failure::new(format!(
            "The proof links packages with their `std` feature on: {}.",
            offenders.into_iter().collect::<Vec<_>>().join(", ")
        )))
    }
}

/// The packages that are linked with their `std` feature on, from lines of `package|features`.
fn with_std(tree: &str) -> Outcome<BTreeSet<&str>> {
    let mut offenders = BTreeSet::new();
    for line in tree.lines() {
        let Some((package, features)) = line.split_once('|') else {
            return Err(Failure::new(format!("cargo tree says `{line}`.")));
        };
        let features = features.trim_end_matches("(*)").trim();
        if features.split(',').any(|feature| feature == "std") {
            offenders.insert(package.split(' ').next().unwrap_or(package));
        }
    }
    if tree.lines().count() < 2 {
        return Err(Failure::new("cargo tree names no package that is linked."));
    }
    Ok(offenders)
}

fn check_symbols(root: &Path, program: &str) -> Outcome {
    let nm = Invocation::program(root, "nm", program).output()?;
    if !nm.lines().any(|line| line.ends_with(" main")) {
        return Err(Failure::new(
            "`nm` shows no `main`: nothing can be concluded.",
        ));
    }
    let forbidden = symbols::forbidden(&nm);
    if forbidden.is_empty() {
        terminal::line(format_args!(
            "none of the program's {} symbols is of std or calls a system",
            nm.lines().count()
        ));
        return Ok(Verdict::Passed);
    }
    let listed: Vec<String> = forbidden.into_iter().take(20).collect();
    Err(Failure::new(format!(
        "The program has symbols that show `std`: {}.",
        listed.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_std_is_found_however_often_it_is_named() {
        let tree = "proof v0.0.0|\na v1.0.0|alloc,std (*)\nb v1.0.0|alloc\nc v1.0.0|stdlib\n";
        assert_eq!(with_std(tree), Ok(BTreeSet::from(["a"])));
    }

    #[test]
    fn a_graph_with_holes_proves_nothing() {
        assert!(with_std("").is_err());
        assert!(with_std("proof v0.0.0|\n").is_err());
        assert!(with_std("proof v0.0.0|\nno features\n").is_err());
    }
}
