//! A process that is killed, or asked to stop, in the middle of `append`.

use std::{
    io::Write,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{Folder, hex_lines, leaves, slow_root};

const LEAVES: u64 = 50_000;

/// An `append` that has some of the leaves on disk and waits for more, with the pipe that keeps it
/// waiting.
fn in_the_middle(folder: &Folder, lines: &str) -> (Child, std::process::ChildStdin) {
    let mut command =
        folder.command(["append", "tree", "--batch", "1000", "--durability", "batch"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&lines.as_bytes()[..lines.len() / 2 + 7])
        .unwrap();
    let started = Instant::now();
    while folder.ok("head tree").starts_with("0:") {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "no leaf becomes durable"
        );
    }
    (child, pipe)
}

#[test]
fn a_killed_append_that_is_resumed_ends_in_the_same_root() {
    let folder = Folder::new();
    let leaves = leaves(LEAVES);
    let lines = hex_lines(&leaves);
    folder.write("leaves", &lines);
    folder.ok("init tree");
    let (mut child, _pipe) = in_the_middle(&folder, &lines);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    let done = folder.json("append tree leaves --resume");
    let sum = done["agreed"].as_u64().unwrap() + done["appended"].as_u64().unwrap();
    assert!(done["agreed"].as_u64().unwrap() > 0);
    assert_eq!(sum, LEAVES);
    assert_eq!(done["root"], slow_root(&leaves, 4));
}

#[test]
fn a_signal_ends_an_append_with_everything_decoded_on_disk() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = Folder::new();
        let leaves = leaves(LEAVES);
        let lines = hex_lines(&leaves);
        folder.write("leaves", &lines);
        folder.ok("init tree");
        let (child, pipe) = in_the_middle(&folder, &lines);
        let kill = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let run = child.wait_with_output().unwrap();
        drop(pipe);
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(code), "{said}");
        assert!(said.contains("stopped by a signal"), "{said}");
        assert!(said.contains("all of them on disk"), "{said}");
        assert_eq!(
            folder.json("append tree leaves --resume")["root"],
            slow_root(&leaves, 4)
        );
    }
}

#[test]
fn the_soft_limit_on_open_files_is_raised_and_the_hard_one_is_told() {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(1000)));
    folder.ok("append tree leaves --create");
    // Too few for a backup, whose two places have some open at once.
    let backup = |option: &str, target: &str| {
        let binary = env!("CARGO_BIN_EXE_rotortree");
        let line = format!("ulimit {option} 7; exec '{binary}' backup tree {target}");
        let mut command = Command::new("bash");
        command.args(["-c", &line]).current_dir(folder.path("."));
        command.output().unwrap()
    };
    let run = backup("-Sn", "soft");
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(0), "{said}");
    let run = backup("-n", "hard");
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(8), "{said}");
    assert!(said.contains("Too many open files"), "{said}");
    assert!(said.contains("next: "), "{said}");
    assert_eq!(folder.ok("head soft"), folder.ok("head tree"));
}

#[test]
fn a_disk_that_fills_up_in_the_middle_loses_nothing_that_was_reported() {
    let folder = Folder::new();
    let leaves = leaves(LEAVES);
    folder.write("leaves", hex_lines(&leaves));
    folder.ok("init tree");
    // No file may grow beyond some hundred KiB: the write fails as on a full disk.
    let append = format!(
        "ulimit -f 400; exec '{}' append tree leaves --batch 1000 --durability batch",
        env!("CARGO_BIN_EXE_rotortree")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &append]).current_dir(folder.path("."));
    let run = command.output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(8), "{said}");
    assert!(said.starts_with("rotortree: "), "{said}");
    let done = folder.json("append tree leaves --resume");
    assert!(
        (1..LEAVES).contains(&done["agreed"].as_u64().unwrap()),
        "{done}"
    );
    assert_eq!(done["root"], slow_root(&leaves, 4));
}
