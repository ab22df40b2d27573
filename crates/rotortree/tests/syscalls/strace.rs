//! [`Strace`]: runs the child with one failing system call, or kills it there, and returns its
//! trace.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
};

use crate::{child, common::PATIENCE};

/// Calls that never get a fault: no code checks their result (a closed file was synced before, if
/// necessary), or only assertions of the standard library do (`fcntl`).
const LEFT_ALONE: [&str; 3] = ["close", "fcntl", "munmap"];

/// The exit status and the lines of the child.
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    pub(crate) lines: Vec<String>,
    /// The output of strace.
    pub(crate) trace: String,
}

/// Whether the child can be traced here; the reason if not.
pub(crate) fn is_missing() -> Option<String> {
    let probe = Command::new("strace")
        .args([
            "-f",
            "--seccomp-bpf",
            "-o",
            "/dev/null",
            "-e",
            "trace=openat",
        ])
        .args(["-e", "inject=openat:error=EIO:when=60000", "true"])
        .stdin(Stdio::null())
        .output();
    match probe {
        Err(error) => Some(format!("strace cannot be started ({error}); install it")),
        Ok(output) if !output.status.success() => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let hint = "where a container forbids it, SYS_PTRACE permits it";
            Some(format!("nothing can be traced here ({hint}): {said}"))
        }
        Ok(_) => None,
    }
}

/// The names that a store's files may have, and the directories around them: faults are
/// for these alone.
fn paths(place: &Path) -> Vec<PathBuf> {
    let tree = place.join("tree");
    let mut paths = vec![place.to_owned(), tree.clone()];
    let mut add = |name: String| paths.push(tree.join(name));
    for name in ["LOCK", "MANIFEST", "MANIFEST.tmp", "log", "levels", "aside"] {
        add(name.to_owned());
    }
    for segment in 1..=40 {
        add(format!("log/{segment:016}.wal"));
        add(format!("log/{segment:016}.wal.tmp"));
    }
    for level in 0..=10 {
        add(format!("levels/{level:02}"));
        add(format!("levels/{level:02}/000000.chunks"));
        add(format!("levels/{level:02}/000000.sums"));
    }
    paths
}

/// The child's command in `place`, behind `wrapper`.
pub(crate) fn child(place: &Path, wrapper: &[String]) -> Command {
    let mut words: Vec<String> = wrapper.to_vec();
    words.push(env::current_exe().unwrap().display().to_string());
    words.extend(["--exact", "child::opens_writes_and_closes", "--nocapture"].map(str::to_owned));
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env(child::DIRECTORY, place.join("tree"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command to its end, and fails instead of hanging.
pub(crate) fn run(mut command: Command) -> (ExitStatus, Vec<String>) {
    let mut process = command.spawn().unwrap();
    let mut out = process.stdout.take().unwrap();
    let mut err = process.stderr.take().unwrap();
    let (sender, ended) = mpsc::channel();
    let complaints = thread::spawn(move || {
        let mut text = String::new();
        drop(err.read_to_string(&mut text));
        text
    });
    thread::spawn(move || {
        let mut text = Vec::new();
        drop(out.read_to_end(&mut text));
        drop(sender.send(text));
    });
    let text = match ended.recv_timeout(PATIENCE) {
        Ok(text) => text,
        Err(RecvTimeoutError::Timeout) => {
            drop(process.kill());
            panic!("the child does not end: {command:?}");
        }
        Err(error) => panic!("{error}"),
    };
    let status = process.wait().unwrap();
    let text = String::from_utf8_lossy(&text).into_owned() + &complaints.join().unwrap();
    (status, text.lines().map(str::to_owned).collect())
}

/// Runs the child under strace with what `faults` says of the calls `traced`.
pub(crate) fn trace(place: &Path, traced: &str, fault: Option<&str>) -> Run {
    let log = place.join("trace");
    let mut wrapper: Vec<String> = ["strace", "-f", "-qq", "-o"].map(str::to_owned).to_vec();
    wrapper.push(log.display().to_string());
    // Stops the child at the traced calls alone, which is quicker; but a stop of that kind delivers
    // no signals.
    if !fault.is_some_and(|fault| fault.contains("signal")) {
        wrapper.push("--seccomp-bpf".to_owned());
    }
    wrapper.extend(["-e".to_owned(), format!("trace={traced}")]);
    if let Some(fault) = fault {
        wrapper.extend(["-e".to_owned(), format!("inject={traced}:{fault}")]);
    }
    for path in paths(place) {
        wrapper.extend(["-P".to_owned(), path.display().to_string()]);
    }
    let (status, lines) = run(child(place, &wrapper));
    Run {
        status,
        lines,
        trace: fs::read_to_string(&log).unwrap_or_default(),
    }
}

/// The number of times that the child makes each system call on the store's files, in the thread
/// that makes it most often: strace counts by thread.
pub(crate) fn calls(trace: &str) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let Some((name, _)) = rest.trim_start().split_once('(') else {
            continue;
        };
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            *counts.entry((thread, name)).or_default() += 1;
        }
    }
    let mut most: BTreeMap<String, u64> = BTreeMap::new();
    for ((_, name), count) in counts {
        if !LEFT_ALONE.contains(&name) {
            let most = most.entry(name.to_owned()).or_default();
            *most = count.max(*most);
        }
    }
    most
}

/// Names below the tree's directory in a trace of everything that [`paths`] does not know.
pub(crate) fn unknown(place: &Path, trace: &str) -> BTreeSet<String> {
    let known: BTreeSet<String> = paths(place)
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let root = place.join("tree").display().to_string();
    trace
        .lines()
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|name| name.starts_with(&root) && !known.contains(*name))
        .map(str::to_owned)
        .collect()
}
