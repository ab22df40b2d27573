//! Bars on a terminal, and none elsewhere; signals in the middle of the work.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{Read, Write},
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::OFlags,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

use crate::support::{Folder, hex, hex_lines, leaves, slow_root};

/// The variable with the delay of bars, in milliseconds.
const BAR_AFTER: &str = "ROTORTREE_BAR_AFTER";

/// A terminal of a test: what is written to one side is read from the other.
struct Terminal {
    master: File,
    slave: File,
}

impl Terminal {
    fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let mut options = File::options();
        let slave = options.read(true).write(true);
        Self {
            slave: slave.open(OsStr::from_bytes(name.to_bytes())).unwrap(),
            master: master.into(),
        }
    }

    /// Fills the terminal, so that whatever is written next waits until it is read.
    fn fill(&self) {
        let path = ptsname(&self.master, Vec::new()).unwrap();
        let mut options = File::options();
        let options = options
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits() as i32);
        let slave = options.open(OsStr::from_bytes(path.to_bytes())).unwrap();
        while (&slave).write_all(b".").is_ok() {}
    }

    /// Starts a command whose error output this is, and leaves the side that is read.
    fn start(self, mut command: Command) -> (Child, File) {
        command.env("TERM", "xterm").stderr(self.slave);
        (command.spawn().unwrap(), self.master)
    }
}

/// Reads up to the end, or to a text. A terminal that the other side has left is an error.
fn read_until(terminal: &mut File, text: &str) -> String {
    let (mut read, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(count @ 1..) = terminal.read(&mut piece) {
        read.extend_from_slice(&piece[..count]);
        if !text.is_empty() && String::from_utf8_lossy(&read).contains(text) {
            break;
        }
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// What a command draws on a terminal, with bars after so many milliseconds.
fn drawn(folder: &Folder, line: &str, delay: Option<&str>) -> String {
    let mut command = folder.command(line.split_whitespace());
    command.stdout(Stdio::null());
    command.envs(delay.map(|delay| (BAR_AFTER, delay)));
    let (mut child, mut terminal) = Terminal::new().start(command);
    let drawn = read_until(&mut terminal, "");
    assert!(child.wait().unwrap().success(), "{line}: {drawn}");
    drawn
}

#[test]
fn what_takes_long_draws_a_bar_on_a_terminal_and_nothing_elsewhere() {
    let folder = Folder::new();
    let all = leaves(1000);
    folder.write("leaves", hex_lines(&all));
    folder.write("lines", "a\nb\nc\n");
    folder.write("group.json", "[[\"5\"]]");
    let last = hex(&all[999]);
    folder.ok("append there leaves --create");
    folder.ok("append log lines --create --hash rfc6962 --hash-lines");
    fs::create_dir(folder.path("store")).unwrap();
    let bucket = format!("file://{}", folder.path("store/copy").display());
    let find = format!("find there {last}");
    let publish = "publish log www --origin o/l --key key --create-key --entries lines";
    let mut lines = vec![
        ("append tree leaves --create", "appending"),
        ("append tree leaves --resume", "opening"),
        ("checkpoint tree", "writing the levels"),
        ("check there", "opening"),
        (&find, "scanning"),
        ("leaves there", "reading"),
        ("prove-many there 0..1000", "proving"),
        ("backup there backup", "copying"),
        ("copy there copy", "copying"),
        ("index there", "indexing"),
        ("import group group.json", "importing"),
        (publish, "publishing"),
        ("bench measured --leaves 1000 --rounds 1", "measuring"),
    ];
    let copy = format!("copy there {bucket}");
    if cfg!(feature = "object-store") {
        lines.push((&copy, "copying"));
    }
    for (line, what) in &lines {
        let text = drawn(&folder, line, Some("0"));
        assert!(text.contains(what), "{line}: {text:?}");
        assert!(
            text.ends_with("\u{1b}[2K"),
            "the bar goes: {line}: {text:?}"
        );
    }
    // The same again, as far as it can be done twice.
    for line in [
        &find[..],
        "check there",
        "backup there backup",
        "index there",
    ] {
        assert_eq!(drawn(&folder, line, None), "", "{line} is done in a moment");
        let mut command = folder.command(line.split_whitespace());
        let run = command.env(BAR_AFTER, "0").output().unwrap();
        assert_eq!(
            (run.status.code(), &run.stderr[..]),
            (Some(0), &b""[..]),
            "{line}"
        );
    }
    // Results on a terminal are a progress of their own.
    let terminal = Terminal::new();
    let mut command = folder.command(["leaves", "there"]);
    command
        .env(BAR_AFTER, "0")
        .stdout(terminal.slave.try_clone().unwrap());
    let (mut child, mut terminal) = terminal.start(command);
    let printed = read_until(&mut terminal, "");
    assert!(child.wait().unwrap().success());
    assert!(
        printed.contains(&last) && !printed.contains("reading"),
        "{printed}"
    );
}

#[test]
fn work_that_waits_draws_its_bar_after_a_second() {
    let folder = Folder::new();
    let mut command = folder.command(["append", "tree", "--create"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let (mut child, mut terminal) = Terminal::new().start(command);
    let started = Instant::now();
    let drawn = read_until(&mut terminal, "appending");
    assert!(drawn.contains("appending"), "{drawn:?}");
    assert!(started.elapsed() >= Duration::from_millis(900), "{drawn:?}");
    drop(child.stdin.take());
    let reader = thread::spawn(move || read_until(&mut terminal, ""));
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
}

/// Runs a command that meets a signal between its start and its first piece of work: it waits for
/// a terminal that is full. What it said, and its exit code.
fn stopped(folder: &Folder, line: &str, signal: (&str, u32)) -> (String, Option<i32>) {
    let terminal = Terminal::new();
    terminal.fill();
    let mut command = folder.command(line.split_whitespace());
    command.env(BAR_AFTER, "0").stdout(Stdio::null());
    let (mut child, mut terminal) = terminal.start(command);
    let status = format!("/proc/{}/status", child.id());
    let started = Instant::now();
    while !catches(&fs::read_to_string(&status).unwrap(), signal.1) {
        assert!(started.elapsed() < Duration::from_secs(60), "{line}");
    }
    let mut kill = Command::new("kill");
    kill.args(["-s", signal.0, &child.id().to_string()]);
    assert!(kill.status().unwrap().success());
    let said = read_until(&mut terminal, "");
    (said, child.wait().unwrap().code())
}

/// Whether a process that the system describes so catches a signal.
fn catches(status: &str, signal: u32) -> bool {
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    caught >> (signal - 1) & 1 == 1
}

#[test]
fn a_signal_ends_a_copy_and_an_index_where_nothing_is_lost() {
    let folder = Folder::new();
    let all = leaves(1000);
    folder.write("leaves", hex_lines(&all));
    folder.ok("append tree leaves --create");
    let root = slow_root(&all, 4);
    for (signal, code) in [(("INT", 2), 130), (("TERM", 15), 143)] {
        let stop = |line: &str, said: &str| {
            let (text, ended) = stopped(&folder, line, signal);
            assert_eq!(ended, Some(code), "{line}: {text}");
            let text = text.trim_matches('.');
            assert!(text.contains("stopped by a signal: "), "{line}: {text}");
            assert!(text.contains(said), "{line}: {text}");
            assert!(text.contains("next: "), "{line}: {text}");
        };
        stop("index tree", "the index is as it was");
        assert!(!folder.path("tree.index").exists());
        stop("copy tree copy", "was removed");
        assert!(!folder.path("copy").exists() && !folder.path("copy.unfinished").exists());
        let backup = format!("backup-{code}");
        stop(&format!("backup tree {backup}"), "the same command goes on");
        assert_eq!(folder.json(&format!("backup tree {backup}"))["root"], root);
    }
    // Nothing of it is in the way.
    folder.ok("copy tree copy");
    assert_eq!(folder.json("index tree")["added"], 1000);
    assert_eq!(folder.json("head copy")["root"], root);
}
