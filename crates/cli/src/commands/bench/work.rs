//! [`Work`]: one round of the measurement.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rotortree::Hash;

use super::{
    super::init::Shape,
    library::{self, Task},
};
use crate::{
    failure::{Code, Failure},
    hex,
};

pub(super) const MILLIONS: &str = "M/s";
const MILLISECONDS: &str = "ms";

/// A row of the table.
pub(super) struct RowName {
    pub(super) what: &'static str,
    pub(super) unit: &'static str,
    /// The row of the library that it is compared with.
    pub(super) of_library: Option<usize>,
    /// That of the library with its leaves in a file.
    pub(super) of_library_fed: Option<usize>,
}

const fn row(what: &'static str, unit: &'static str, of_library: Option<usize>) -> RowName {
    RowName {
        what,
        unit,
        of_library,
        of_library_fed: None,
    }
}

impl RowName {
    const fn of_fed(mut self, row: usize) -> Self {
        self.of_library_fed = Some(row);
        self
    }
}

/// The rows, in the order of a round's figures.
pub(super) const ROWS: [RowName; 9] = [
    row("library, batches until durable", MILLIONS, None),
    row("library, the same from a file", MILLIONS, Some(0)),
    row("append, raw records", MILLIONS, Some(0)).of_fed(1),
    row("append, hex lines", MILLIONS, Some(0)).of_fed(1),
    row("library, proofs as bytes", MILLIONS, None),
    row("prove-many, bytes", MILLIONS, Some(4)),
    row("library, one leaf until durable", MILLISECONDS, None),
    row("head", MILLISECONDS, None),
    row("info", MILLISECONDS, None),
];

/// The files that are appended, and the trees that they make.
pub(super) struct Work {
    folder: PathBuf,
    program: PathBuf,
    shape: Shape,
    leaves: u32,
}

impl Work {
    pub(super) fn new(folder: &Path, leaves: u32, shape: Shape) -> Result<Self, Failure> {
        let program = env::current_exe()
            .map_err(|error| Failure::new(Code::System, error).at("the path of this program"))?;
        let work = Self {
            folder: folder.to_owned(),
            program,
            shape,
            leaves,
        };
        let leaves: Vec<Hash> = (0..u64::from(leaves)).map(library::leaf).collect();
        // Lines as `sha256sum` starts them, without 0x.
        let lines: String = leaves.iter().map(|leaf| hex::encode(leaf) + "\n").collect();
        work.write("hex", lines.replace("0x", "").as_bytes())?;
        work.write("raw", leaves.as_flattened())?;
        Ok(work)
    }

    /// The figures of the rows.
    pub(super) fn round(&self) -> Result<[f64; ROWS.len()], Failure> {
        let library = self.library("tree", Task::Append, None)?;
        let fed = self.library("tree-fed", Task::Append, Some("raw"))?;
        let raw = self.append("raw", "raw")?;
        let hex = self.append("hex", "lines")?;
        let many = library::proofs(self.leaves);
        let (tree, range) = (self.path("tree-raw"), format!("0..{many}"));
        let proofs = self.library("tree-raw", Task::Prove, None)?;
        let prove = self.time(&["prove-many", &tree, &range, "--format=bytes"])?;
        let single = self.library("tree", Task::Single, None)?;
        let head = self.time(&["head", &tree])?;
        let info = self.time(&["info", &tree])?;
        for tree in ["tree", "tree-fed", "tree-raw", "tree-lines"] {
            let path = self.folder.join(tree);
            fs::remove_dir_all(&path).map_err(|error| Failure::file(&path, &error))?;
        }
        let leaves = |took| millions(u64::from(self.leaves), took);
        Ok([
            leaves(library),
            leaves(fed),
            leaves(raw),
            leaves(hex),
            millions(many, proofs),
            millions(many, prove),
            single.as_secs_f64() * 1e3,
            head.as_secs_f64() * 1e3,
            info.as_secs_f64() * 1e3,
        ])
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    /// The time that a task of the library takes, which its process tells.
    fn library(&self, tree: &str, task: Task, file: Option<&str>) -> Result<Duration, Failure> {
        let mut words = vec!["bench".to_owned(), self.path(tree)];
        words.push(format!("--library={}", task.word()));
        words.push(format!("--leaves={}", self.leaves));
        words.extend(file.map(|file| format!("--fed={}", self.path(file))));
        words.extend(self.shape.words());
        let told = self.output(&words)?;
        let nanoseconds = String::from_utf8_lossy(&told).trim().parse();
        let nanoseconds = nanoseconds.map_err(|error| Failure::new(Code::System, error));
        nanoseconds.map(Duration::from_nanos)
    }

    /// The command, from its start to its end.
    fn append(&self, file: &str, form: &str) -> Result<Duration, Failure> {
        let tree = self.path(&format!("tree-{form}"));
        let mut words = vec!["append".to_owned(), tree, self.path(file)];
        words.extend([format!("--form={form}"), "--create".to_owned()]);
        words.extend(self.shape.words());
        self.time(&words)
    }

    fn time<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<Duration, Failure> {
        let mut command = self.command(words);
        let started = Instant::now();
        let status = command.stdout(Stdio::null()).status();
        let took = started.elapsed();
        self.ended(&command, status).map(|()| took)
    }

    /// What a process prints.
    fn output<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<Vec<u8>, Failure> {
        let mut command = self.command(words);
        let output = command.stderr(Stdio::inherit()).output();
        let (status, printed) = match output {
            Ok(output) => (Ok(output.status), output.stdout),
            Err(error) => (Err(error), Vec::new()),
        };
        self.ended(&command, status).map(|()| printed)
    }

    fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).stdin(Stdio::null());
        command
    }

    fn ended(&self, command: &Command, status: io::Result<ExitStatus>) -> Result<(), Failure> {
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(Code::System, format!("{command:?}: {status}"))),
            Err(error) => Err(Failure::new(Code::System, error).at(self.program.display())),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(|error| Failure::file(&path, &error))
    }
}

fn millions(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9) / 1e6
}
