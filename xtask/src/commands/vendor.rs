//! `cargo xtask vendor`: the files by others that the server's page loads are those of their
//! packages.
//!
//! Versions and integrity hashes of the packages stand in a lock file of npm, and the checksums of
//! the files in a list. Comparing the files with the list needs no network; npm alone talks to its
//! registry, and checks what it gets against the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "vendor",
    summary: "compare the page's files by others with their checksums",
    options: &[
        (
            "--registry",
            "compare with the packages in npm's registry too",
        ),
        (
            "--write",
            "take the files from the packages in the registry",
        ),
    ],
    run,
};

/// The one folder with code by others, relative to the root.
pub(crate) const FOLDER: &str = "crates/server/vendor";

/// The list of checksums in that folder, in the form of `sha256sum`.
const LIST: &str = "SHA256SUMS";

/// A package of npm's and the files that the page wants of it.
struct Package {
    name: &'static str,
    /// Its folder below [`FOLDER`].
    folder: &'static str,
    /// Its description and licence first.
    files: &'static [&'static str],
}

const PACKAGES: [Package; 2] = [
    Package {
        name: "@noble/hashes",
        folder: "noble-hashes",
        files: &[
            "LICENSE",
            "package.json",
            "_blake.js",
            "_md.js",
            "_u64.js",
            "blake2.js",
            "blake3.js",
            "sha2.js",
            "sha3.js",
            "utils.js",
        ],
    },
    // The constants of every width that a tree can have. The licence is told by the README.
    Package {
        name: "poseidon-lite",
        folder: "poseidon-lite",
        files: &[
            "README.md",
            "package.json",
            "constants/2.js",
            "constants/3.js",
            "constants/4.js",
            "constants/5.js",
            "constants/6.js",
            "constants/7.js",
            "constants/8.js",
            "constants/9.js",
            "constants/10.js",
            "constants/11.js",
            "constants/12.js",
            "poseidon/index.js",
            "poseidon/unstringify.js",
        ],
    },
];

/// Files by their paths below [`FOLDER`].
type Files = BTreeMap<String, Vec<u8>>;

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let write = args.flag("--write");
    let registry = args.flag("--registry");
    args.finish()?;
    let folder = workspace.root().join(FOLDER);
    if write || registry {
        let published = published(workspace)?;
        if write {
            return rewrite(&folder, &published);
        }
        compare(&list(&published), &list(&stored(&folder)?))?;
    }
    let listed = read(&folder.join(LIST))?;
    let stored = stored(&folder)?;
    compare(&String::from_utf8_lossy(&listed), &list(&stored))?;
    Ok(Verdict::PassedWith(format!(
        "{} files of {} packages{}",
        stored.len(),
        PACKAGES.len(),
        if registry { ", as in the registry" } else { "" }
    )))
}

/// The files as npm installs them, after it has checked the packages against the lock file.
fn published(workspace: &Workspace) -> Outcome<Files> {
    let target = workspace.root().join("target/vendor");
    fs::create_dir_all(&target).map_err(|error| Failure::io(target.display(), &error))?;
    for file in ["package.json", "package-lock.json"] {
        let source = read(&workspace.root().join(FOLDER).join(file))?;
        put(&target.join(file), &source)?;
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let install = "ci --ignore-scripts --no-audit --no-fund --loglevel=error";
    Invocation::program(&target, npm, install).run()?;
    let mut files = Files::new();
    for package in PACKAGES {
        for file in package.files {
            let source = target.join("node_modules").join(package.name).join(file);
            files.insert(format!("{}/{file}", package.folder), read(&source)?);
        }
    }
    Ok(files)
}

/// Every file that stands in the folders of the packages, wanted or not.
fn stored(folder: &Path) -> Outcome<Files> {
    let mut files = Files::new();
    for package in PACKAGES {
        gather(&folder.join(package.folder), package.folder, &mut files)?;
    }
    Ok(files)
}

fn gather(folder: &Path, prefix: &str, files: &mut Files) -> Outcome<()> {
    let failed = |error| Failure::io(folder.display(), &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{prefix}/{name}");
        if path.is_dir() {
            gather(&path, &name, files)?;
        } else {
            files.insert(name, read(&path)?);
        }
    }
    Ok(())
}

/// The checksums, a line for each file.
fn list(files: &Files) -> String {
    let line = |(path, bytes): (&String, &Vec<u8>)| {
        let sum = Sha256::digest(bytes);
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{sum}  {path}\n")
    };
    files.iter().map(line).collect()
}

/// Fails with every line in which two lists differ.
fn compare(expected: &str, found: &str) -> Outcome<()> {
    let lines = |list: &str| list.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (expected, found) = (lines(expected), lines(found));
    each(expected.symmetric_difference(&found), |line| {
        let place = if found.contains(line) {
            "is in the folder and not expected"
        } else {
            "is expected and not in the folder"
        };
        Err(Failure::new(format!("{FOLDER}: `{line}` {place}")))
    })
}

fn rewrite(folder: &Path, published: &Files) -> Outcome {
    // A file that is not wanted any more goes.
    for package in PACKAGES {
        let old = folder.join(package.folder);
        if old.is_dir() {
            fs::remove_dir_all(&old).map_err(|error| Failure::io(old.display(), &error))?;
        }
    }
    for (path, bytes) in published {
        put(&folder.join(path), bytes)?;
    }
    put(&folder.join(LIST), list(published).as_bytes())?;
    Ok(Verdict::PassedWith(format!(
        "{} files written",
        published.len()
    )))
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| Failure::io(path.display(), &error))
}

fn put(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let failed = |error| Failure::io(path.display(), &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Files {
        let file = |&(path, text): &(&str, &str)| (path.to_owned(), text.as_bytes().to_vec());
        texts.iter().map(file).collect()
    }

    #[test]
    fn a_changed_file_a_missing_one_and_one_too_many_are_found() {
        let whole = list(&files(&[("a/a.js", "a"), ("a/b.js", "b")]));
        assert_eq!(
            whole.lines().next(),
            Some("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a/a.js")
        );
        assert!(compare(&whole, &whole).is_ok());
        for other in [
            &[("a/a.js", "a"), ("a/b.js", "B")][..],
            &[("a/a.js", "a")],
            &[("a/a.js", "a"), ("a/b.js", "b"), ("a/c.js", "c")],
        ] {
            assert!(compare(&whole, &list(&files(other))).is_err());
        }
    }

    #[test]
    fn every_file_of_a_package_is_on_the_list_and_each_version_is_that_of_the_lock_file() {
        let root = Workspace::find().unwrap().root().join(FOLDER);
        let listed = fs::read_to_string(root.join(LIST)).unwrap();
        let lock = fs::read_to_string(root.join("package-lock.json")).unwrap();
        let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
        let readme = fs::read_to_string(root.join("README.md")).unwrap();
        for package in PACKAGES {
            for file in package.files {
                let path = format!("  {}/{file}\n", package.folder);
                assert!(listed.contains(&path), "{path}");
            }
            let text = fs::read_to_string(root.join(package.folder).join("package.json")).unwrap();
            let own: serde_json::Value = serde_json::from_str(&text).unwrap();
            let locked = &lock["packages"][format!("node_modules/{}", package.name)];
            let [version, license] = ["version", "license"].map(|key| own[key].as_str().unwrap());
            assert_eq!(locked["version"], version);
            let row = format!("| `{}` | {version} | {license} |", package.name);
            assert!(readme.contains(&row), "README.md lacks: {row}");
        }
    }
}
