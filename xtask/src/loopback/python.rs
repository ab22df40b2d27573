//! Programs of the Python package index, in a virtual environment below the target folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::Invocation;
use crate::outcome::{Failure, Outcome};
use crate::workspace::Workspace;

/// Installs what a list has, `FOLDER/NAME.txt` relative to the root, unless that was done before.
/// The folder with the programs.
///
/// The list pins every file by its hash. Downloads stay in the cache of `pip`, outside the clone.
pub(crate) fn install(workspace: &Workspace, folder: &str, name: &str) -> Outcome<PathBuf> {
    let list = workspace.root().join(format!("{folder}/{name}.txt"));
    let folder = tools(workspace.root()).join(name);
    let programs = folder.join("bin");
    let done = folder.join("installed.txt");
    let read = |path: &Path| fs::read(path).map_err(|error| Failure::io(path.display(), &error));
    let wanted = read(&list)?;
    if read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    Invocation::program(workspace.root(), "python3", "-m venv --clear")
        .args([folder.to_string_lossy()])
        .run()?;
    let pip = "-m pip install --quiet --disable-pip-version-check --only-binary :all: \
               --require-hashes -r";
    Invocation::program(
        workspace.root(),
        &programs.join("python").to_string_lossy(),
        pip,
    )
    .args([list.to_string_lossy()])
    .run()?;
    fs::write(&done, wanted).map_err(|error| Failure::io(done.display(), &error))?;
    Ok(programs)
}

/// Where `.ci/run` keeps tools, too.
fn tools(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target
        .unwrap_or_else(|| root.join("target"))
        .join("tools/python")
}
