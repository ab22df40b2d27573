//! [`Process`]: a running `rotortree serve`.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

pub(crate) const TOKEN: &str = "a-token-of-these-tests";

/// Runs the command to its end.
pub(crate) fn run<A: AsRef<OsStr>>(words: impl IntoIterator<Item = A>) {
    let output = Command::new(env!("CARGO_BIN_EXE_rotortree"))
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A server on a port of its own. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a server that takes leaves.
    pub(crate) fn start(place: &Path, more: &[&str]) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_rotortree"));
        Self::spawn(program, place, &[&["--write"], more].concat())
    }

    /// Starts a server that takes leaves and has so many descriptors.
    pub(crate) fn start_within(place: &Path, descriptors: u32) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_rotortree")]);
        Self::spawn(shell, place, &["--write"])
    }

    /// Starts a server that reads alone.
    pub(crate) fn read(place: &Path) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_rotortree")), place, &[])
    }

    fn spawn(mut program: Command, place: &Path, more: &[&str]) -> Self {
        let mut child = program
            .arg("serve")
            .arg(place)
            .args(["--listen", "127.0.0.1:0"])
            .args(more)
            .env("ROTORTREE_TOKEN", TOKEN)
            // A standby sees soon that the owner of a bucket gives no sign of life.
            .env("ROTORTREE_HEARTBEAT", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let address = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split(',').next());
        let address = address.and_then(|address| address.trim().parse().ok());
        Self {
            address: address.unwrap_or_else(|| panic!("the server tells {line:?}")),
            child,
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id()]).status();
        assert!(sent.unwrap().success());
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Asks the server to end in order, and waits for its end.
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}");
    }

    /// Kills the process, as `kill -9` does, and waits for its end.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
