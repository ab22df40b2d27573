//! `cargo xtask server`: the server against requests that schemathesis makes from its OpenAPI
//! document, those that the document permits and those that it forbids.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::explorer;
use crate::args::Args;
use crate::cargo::Invocation;
use crate::command::Command;
use crate::loopback::{http, ports, python, server::Server};
use crate::outcome::{Failure, Outcome, Verdict};
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "server",
    summary: "requests that schemathesis makes from the server's OpenAPI document",
    options: &[
        ("--write", "write the document anew instead"),
        (
            "--command FILE",
            "take this `rotortree` instead of building it",
        ),
    ],
    run,
};

/// The document, relative to the root. A test of the server compares it with the routes.
const DOCUMENT: &str = "crates/server/openapi.json";

/// The list of packages, and the settings.
const FOLDER: &str = "interop/server";

/// Leaves of the tree.
const LEAVES: u8 = 32;

/// What the server takes for a writer.
const TOKEN: &str = "the-token-of-schemathesis";

/// Requests are the same in every run. Events never end, and tests of the server read them.
const RUN: &str = "--no-color run --phases examples,coverage,fuzzing --max-examples 10 --seed 1 --checks all \
                   --request-timeout 20 --exclude-path /v1/heads";

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let write = args.flag("--write");
    let command = args.value("--command")?;
    args.finish()?;
    let root = workspace.root();
    if write {
        let example = "run --quiet -p rotortree-server --example openapi";
        let document = Invocation::cargo(root, example).output()?;
        let path = root.join(DOCUMENT);
        fs::write(&path, document).map_err(|error| Failure::io(path.display(), &error))?;
        return Ok(Verdict::Passed);
    }
    if cfg!(windows) {
        return Ok(Verdict::Skipped("xtask's servers run on Unix".to_owned()));
    }
    let programs = python::install(workspace, FOLDER, "schemathesis")?;
    let command = match command {
        Some(command) => command,
        None => explorer::build(workspace)?,
    };
    let folder = format!("target/server/{}", std::process::id());
    let folder = root.join(folder);
    fs::create_dir_all(&folder).map_err(|error| Failure::io(folder.display(), &error))?;
    let (_server, port) = start(root, &root.join(command), &folder)?;
    let schemathesis = programs.join("schemathesis");
    let config = root.join(FOLDER).join("schemathesis.toml");
    // It leaves notes of its own where it runs, which go with the folder.
    Invocation::program(
        &folder,
        &schemathesis.to_string_lossy(),
        &format!("--config-file {}", config.display()),
    )
    .args(RUN.split_whitespace())
    .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
    .args([format!("http://127.0.0.1:{port}/openapi.json")])
    .run()?;
    Ok(Verdict::Passed)
}

/// Makes a tree in a folder and serves it; the port.
fn start(root: &Path, command: &Path, folder: &Path) -> Outcome<(Server, u16)> {
    let failed = |error| Failure::io(folder.display(), &error);
    let tree = folder.join("tree").to_string_lossy().into_owned();
    let leaves = folder.join("leaves");
    let mut file = fs::File::create(&leaves).map_err(failed)?;
    for number in 0..LEAVES {
        file.write_all(&[number; 32]).map_err(failed)?;
    }
    let token = folder.join("token");
    fs::write(&token, format!("{TOKEN}\n")).map_err(failed)?;
    let append = "append --create --hash sha256 --arity 2 --form raw";
    Invocation::program(root, &command.to_string_lossy(), append)
        .args([tree.as_str(), &leaves.to_string_lossy()])
        .run()?;
    let port = ports::free(1)?;
    let listen = format!("127.0.0.1:{port}");
    let args = [
        "serve",
        &tree,
        "--index",
        "--write",
        "--token-file",
        &token.to_string_lossy(),
        "--listen",
        &listen,
    ]
    .map(str::to_owned);
    let server = Server::start(command, &args, folder)?;
    server.wait_until(|| http::succeeds(port, "GET", "/healthz"))?;
    Ok((server, port))
}
