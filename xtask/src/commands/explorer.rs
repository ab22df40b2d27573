//! `cargo xtask explorer`: the server's page, its verifier in Node and all of it in Chromium.

use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "explorer",
    summary: "the server's page: its verifier in Node, and all of it in Chromium",
    options: &[(
        "--command FILE",
        "take this `rotortree` instead of building it",
    )],
    run,
};

/// The folder of the page, relative to the root.
const FOLDER: &str = "crates/server/explorer";

/// The command, as the tests of `test` want it built: in the same packages and with the same
/// features, so that what that step has built serves here too.
const BUILD: &str = "test --quiet --no-run --workspace --exclude rotortree-benches \
                     --exclude rotortree-lean-imt --all-features --test cli";

/// Debian's name for the browser; `CHROMIUM` names another one.
const CHROMIUM: &str = "chromium";

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let command = args.value("--command")?;
    args.finish()?;
    let browser = std::env::var("CHROMIUM").unwrap_or_else(|_| CHROMIUM.to_owned());
    let has_browser = Invocation::program(workspace.root(), &browser, "--version").succeeds();
    // `.ci/run` installs it on Linux: there a page that is not looked at would go unseen.
    if !has_browser && cfg!(target_os = "linux") && std::env::var_os("CI").is_some() {
        return Err(Failure::new(format!("`{browser}` is not installed.")));
    }
    let command = match command {
        Some(command) => command,
        None => build(workspace)?,
    };
    let parts: &[&str] = match has_browser {
        true => &["tests/"],
        false => &["tests/parts/", "tests/verifier/"],
    };
    let pictures = workspace.root().join("target/explorer");
    let folder = workspace.root().join(FOLDER);
    Invocation::program(
        &folder,
        "node",
        "--test --test-reporter=spec --test-timeout=300000",
    )
    .args(parts)
    .env("ROTORTREE", &command)
    .env("ROTORTREE_PICTURES", &pictures.to_string_lossy())
    .run()?;
    if has_browser {
        Ok(Verdict::Passed)
    } else {
        Ok(Verdict::PassedWith(format!(
            "the page was not opened: `{browser}` is not installed"
        )))
    }
}

/// Builds the command; its path.
pub(super) fn build(workspace: &Workspace) -> Outcome<String> {
    Invocation::cargo(workspace.root(), BUILD).run()?;
    let name = format!("debug/rotortree{}", std::env::consts::EXE_SUFFIX);
    let path = workspace.metadata()?.target_directory.join(name);
    if path.is_file() {
        Ok(path.into_string())
    } else {
        Err(Failure::new(format!("`{path}` was not built.")))
    }
}
