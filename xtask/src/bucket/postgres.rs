//! PostgreSQL as Debian ships it: where the filers of a cluster keep the names of objects.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::Invocation;
use crate::loopback::server::Server;
use crate::outcome::{Failure, Outcome};

/// Debian's folder of versions.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The user that Debian's package makes. The server refuses to be root.
const USER: &str = "postgres";

/// Starts a server on a port of loopback, with an empty database in a folder of its own.
pub(super) fn start(folder: &Path, port: u16) -> Outcome<Server> {
    let programs = programs()?;
    let data = folder.join("data");
    let data = data.to_string_lossy().into_owned();
    let run = |program: &str, options: &str| {
        let program = programs.join(program).to_string_lossy().into_owned();
        let mut words: Vec<String> = as_user();
        words.extend([program, "-D".to_owned(), data.clone()]);
        words.extend(options.split_whitespace().map(str::to_owned));
        words
    };
    if is_root() {
        Invocation::program(folder, "chown", USER)
            .args([folder.to_string_lossy()])
            .run()?;
    }
    let begin = run("initdb", "--auth=trust --username=postgres --no-sync");
    Invocation::words(folder, &begin)?.output()?;
    // No socket in a folder that others use, and no memory that would outlive a kill.
    let serve = run(
        "postgres",
        &format!(
            "-h 127.0.0.1 -p {port} -c unix_socket_directories= -c dynamic_shared_memory_type=mmap"
        ),
    );
    let (program, args) = serve.split_first().unwrap_or((&data, &[]));
    Server::start(Path::new(program), args, folder)
}

/// The words before a command that run it as a user who is not root.
fn as_user() -> Vec<String> {
    let words = format!("setpriv --reuid={USER} --regid={USER} --clear-groups");
    let words = words.split(' ').filter(|_| is_root());
    words.map(str::to_owned).collect()
}

fn is_root() -> bool {
    Invocation::program(Path::new("."), "id", "-u")
        .output()
        .is_ok_and(|user| user.trim() == "0")
}

/// The programs of the newest version.
fn programs() -> Outcome<PathBuf> {
    let there = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let programs = there.map(|version| version.path().join("bin"));
    programs
        .filter(|programs| programs.join("initdb").exists())
        .max()
        .ok_or_else(|| {
            Failure::new("There is no PostgreSQL: install Debian's package `postgresql`.")
        })
}
