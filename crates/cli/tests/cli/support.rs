//! Runs the built binary in a folder of its own.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder that the command runs in.
pub(crate) struct Folder(TempDir);

/// What a run of the command printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rotortree"));
        command.current_dir(self.0.path()).args(words);
        command.stdin(Stdio::null());
        command
    }

    /// Runs the command with the words of a line.
    pub(crate) fn run(&self, line: &str) -> Run {
        Run::of(self.command(line.split_whitespace()).output().unwrap())
    }

    /// Runs the command with a standard input.
    pub(crate) fn run_with(&self, line: &str, input: &[u8]) -> Run {
        let mut command = self.command(line.split_whitespace());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        // A command that fails may leave its input unread.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run::of(output)
    }

    /// The standard output of a run that succeeds.
    pub(crate) fn ok(&self, line: &str) -> String {
        self.run(line).ok()
    }

    /// The document of a run that succeeds.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("--json {line}"))).unwrap()
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        String::from_utf8(self.out).unwrap()
    }

    /// Asserts that the run failed with this code and said this.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "{}", self.err);
        assert!(self.err.contains(said), "{}", self.err);
        assert!(
            self.err.starts_with("rotortree: ") || code == 2,
            "{}",
            self.err
        );
    }
}

/// Distinct leaves: a counter in front and behind.
pub(crate) fn leaves(count: u64) -> Vec<[u8; 32]> {
    (0..count)
        .map(|index| {
            let mut leaf = [0xa5; 32];
            leaf[..8].copy_from_slice(&index.to_be_bytes());
            leaf[24..].copy_from_slice(&index.wrapping_mul(0x9e37_79b9).to_be_bytes());
            leaf
        })
        .collect()
}

/// Leaves as lines of hex.
pub(crate) fn hex_lines(leaves: &[[u8; 32]]) -> String {
    leaves.iter().map(|leaf| hex(leaf) + "\n").collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The root of leaves, computed by the slow definition: groups of `arity`, level by level, a lone
/// node lifted.
pub(crate) fn slow_root(leaves: &[[u8; 32]], arity: usize) -> String {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        let parent = |group: &[[u8; 32]]| match group {
            [only] => *only,
            several => blake3::hash(several.as_flattened()).into(),
        };
        level = level.chunks(arity).map(parent).collect();
    }
    format!("0x{}", hex(&level[0]))
}

/// The whole list of digests that the sample is the beginning of, where it lies beside the
/// workspace.
pub(crate) fn whole_list() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    Some(data.join("debian-bookworm-amd64.sha256")).filter(|list| list.exists())
}

/// The sample of digests of Debian packages in the repository.
pub(crate) fn sample() -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rotortree/examples");
    examples.join("append_log/sample.sha256")
}
