//! `cargo xtask no-std`: the hasher, the tree and the facade work without `std`.
//!
//! A library that merely compiles as `no_std` may still pull `std` in through a dependency. So a
//! small program with its own panic handler and allocator is linked and run: beside `std`, which
//! brings both, it would not compile. Its graph and its symbols are then searched for `std` as
//! well, so that a proof that has stopped proving is noticed.

use std::collections::BTreeSet;
use std::path::Path;

use super::Command;
use crate::args::Args;
use crate::cargo::Invocation;
use crate::metadata::Metadata;
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

/// What is compiled where the proof cannot be linked.
const COMPILED: [&str; 4] = [
    "-p rotortree-hasher --no-default-features --features blake3,digest,sha2,keccak",
    "-p rotortree-lean-imt --no-default-features --features blake3",
    "-p rotortree-lean-imt --no-default-features --features serde",
    "-p rotortree --no-default-features --features blake3",
];

fn run(workspace: &Workspace, args: Args) -> Outcome {
    args.finish()?;
    let root = workspace.root();
    check_graph(root)?;
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        for options in COMPILED {
            Invocation::cargo(root, &format!("check --lib {options}")).run()?;
        }
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
    let version = Invocation::program(root, "rustc", "-vV").output()?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    let words = format!(
        "metadata --format-version 1 --filter-platform {host} --manifest-path {NO_STD_PROOF}/Cargo.toml"
    );
    let metadata = Metadata::parse(&Invocation::cargo(root, &words).output()?)?;
    let offenders = with_std(&metadata)?;
    if offenders.is_empty() {
        terminal::line("no package of the graph has its `std` feature on");
        Ok(())
    } else {
        Err(Failure::new(format!(
            "The proof links packages with their `std` feature on: {}.",
            offenders.join(", ")
        )))
    }
}

/// The packages that the graph's root links with their `std` feature on.
fn with_std(metadata: &Metadata) -> Outcome<Vec<&str>> {
    let root = metadata
        .root
        .as_deref()
        .ok_or_else(|| Failure::new("The proof's graph has no root."))?;
    let mut seen = BTreeSet::new();
    let mut open = vec![root];
    let mut offenders = Vec::new();
    while let Some(id) = open.pop() {
        let (Some(package), Some(node)) = (
            metadata.packages.iter().find(|package| package.id == id),
            metadata.nodes.iter().find(|node| node.id == id),
        ) else {
            return Err(Failure::new(format!("The proof's graph lacks `{id}`.")));
        };
        // What runs in the compiler may have `std`.
        if package.proc_macro || !seen.insert(id) {
            continue;
        }
        if node.features.iter().any(|feature| feature == "std") {
            offenders.push(package.name.as_str());
        }
        open.extend(node.links.iter().map(String::as_str));
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
    use crate::metadata::{Node, Package};

    /// A root that links `a`, which links `b`.
    fn graph(a: &[&str], b: &[&str], b_is_macro: bool) -> Metadata {
        let package = |id: &str, proc_macro| Package {
            id: id.to_owned(),
            name: id.to_owned(),
            proc_macro,
            ..Package::default()
        };
        let node = |id: &str, features: &[&str], links: &[&str]| Node {
            id: id.to_owned(),
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            links: links.iter().map(|name| (*name).to_owned()).collect(),
        };
        Metadata {
            packages: vec![
                package("root", false),
                package("a", false),
                package("b", b_is_macro),
            ],
            nodes: vec![
                node("root", &[], &["a"]),
                node("a", a, &["b"]),
                node("b", b, &[]),
            ],
            root: Some("root".to_owned()),
            ..Metadata::default()
        }
    }

    #[test]
    fn a_package_with_std_is_found_however_deep() {
        assert_eq!(with_std(&graph(&[], &["alloc"], false)), Ok(vec![]));
        assert_eq!(with_std(&graph(&["std"], &[], false)), Ok(vec!["a"]));
        assert_eq!(with_std(&graph(&[], &["std"], false)), Ok(vec!["b"]));
    }

    #[test]
    fn a_procedural_macro_may_have_std() {
        assert_eq!(with_std(&graph(&[], &["std"], true)), Ok(vec![]));
    }

    #[test]
    fn a_graph_with_holes_proves_nothing() {
        let mut holed = graph(&[], &[], false);
        holed.nodes.pop();
        assert!(with_std(&holed).is_err());
        holed.root = None;
        assert!(with_std(&holed).is_err());
    }
}
