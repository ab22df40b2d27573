//! `cargo xtask package`: every published crate packs, and compiles from its package.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::terminal;
use crate::workspace::{Workspace, package, publish_order};

pub(super) const COMMAND: Command = Command {
    name: "package",
    summary: "pack every published crate and compile the packages",
    options: &[
        ("--list", "list the files of each package instead"),
        (
            "--order",
            "print the order in which the packages are published instead",
        ),
    ],
    run,
};

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let list = args.flag("--list");
    let order = args.flag("--order");
    args.finish()?;
    let metadata = workspace.metadata()?;
    let packages = publish_order(&metadata);
    if order {
        packages.iter().for_each(terminal::line);
        return Ok(Verdict::Passed);
    }
    // All in one call: cargo then resolves the crates' versions of each other among the packages
    // just made, as none of them need be published yet.
    let pack = Invocation::cargo(workspace.root(), "package --allow-dirty")
        .args(packages.iter().flat_map(|name| ["-p", name]));
    if list {
        pack.args(["--list"]).run()?;
        return Ok(Verdict::Passed);
    }
    // Cargo's own verification compiles all that the packages need once more, as a build. Checked
    // as members of a workspace instead, they share what the step `clippy` has compiled.
    let folder = workspace.root().join("target/packages");
    renew(&folder)?;
    pack.args(["--no-verify", "--target-dir", &folder.to_string_lossy()])
        .run()?;
    let members = packages
        .iter()
        .map(|name| {
            unpack(
                &folder,
                name,
                &package(&metadata, name)?.version.to_string(),
            )
        })
        .collect::<Outcome<Vec<_>>>()?;
    fill(&folder, &packages, &members)?;
    let lock = workspace.root().join("Cargo.lock");
    fs::copy(&lock, folder.join("Cargo.lock"))
        .map_err(|error| Failure::io(lock.display(), &error))?;
    Invocation::cargo(&folder, "check --workspace --all-features --target-dir")
        .args([metadata.target_directory.as_str()])
        .run()?;
    Ok(Verdict::PassedWith(format!("{} packages", members.len())))
}

/// Makes the folder anew, empty.
fn renew(folder: &Path) -> Outcome<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
    .map_err(|error| Failure::io(folder.display(), &error))
}

/// Unpacks the package that cargo made; the name of its folder.
fn unpack(folder: &Path, name: &str, version: &str) -> Outcome<String> {
    let member = format!("{name}-{version}");
    let packed = format!("package/{member}.crate");
    Invocation::program(folder, "tar", "-xzf")
        .args([packed])
        .run()?;
    Ok(member)
}

/// Writes a workspace in which the packages take each other in the place of published ones.
fn fill(folder: &Path, names: &[&str], members: &[String]) -> Outcome<()> {
    let manifest = folder.join("Cargo.toml");
    let mut text = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
    text += "\n[patch.crates-io]\n";
    for (name, member) in names.iter().zip(members) {
        text += &format!("{name} = {{ path = \"{member}\" }}\n");
    }
    fs::write(&manifest, text).map_err(|error| Failure::io(manifest.display(), &error))
}
