//! [`Work`]: one round of the measurement.

use std::{
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rotortree::Hash;

use super::super::init::{self, Shape};
use crate::{
    failure::{Code, Failure},
    hex,
    place::Place,
};

/// Leaves of a batch, as `append` has them.
const BATCH: usize = 1 << 19;
/// Leaves that are inserted one by one, each waited for.
const SINGLE: u64 = 100;
/// Proofs of a round, at most.
const PROOFS: u64 = 500_000;

pub(super) const MILLIONS: &str = "M/s";
const MILLISECONDS: &str = "ms";

/// A row of the table.
pub(super) struct RowName {
    pub(super) what: &'static str,
    pub(super) unit: &'static str,
    /// The row of the library that it is compared with.
    pub(super) of_library: Option<usize>,
}

const fn row(what: &'static str, unit: &'static str, of_library: Option<usize>) -> RowName {
    RowName {
        what,
        unit,
        of_library,
    }
}

/// The rows, in the order of a round's figures.
pub(super) const ROWS: [RowName; 8] = [
    row("library, batches until durable", MILLIONS, None),
    row("append, raw records", MILLIONS, Some(0)),
    row("append, hex lines", MILLIONS, Some(0)),
    row("library, proofs as bytes", MILLIONS, None),
    row("prove-many, bytes", MILLIONS, Some(3)),
    row("library, one leaf until durable", MILLISECONDS, None),
    row("head", MILLISECONDS, None),
    row("info", MILLISECONDS, None),
];

/// The files that are appended, and the leaves in them.
pub(super) struct Work {
    folder: PathBuf,
    program: PathBuf,
    shape: Shape,
    leaves: Vec<Hash>,
}

impl Work {
    pub(super) fn new(folder: &Path, leaves: u32, shape: Shape) -> Result<Self, Failure> {
        let program = env::current_exe()
            .map_err(|error| Failure::new(Code::System, error).at("the path of this program"))?;
        let leaves: Vec<Hash> = (0..u64::from(leaves)).map(leaf).collect();
        let lines: String = leaves.iter().map(|leaf| hex::encode(leaf) + "\n").collect();
        let work = Self {
            folder: folder.to_owned(),
            program,
            shape,
            leaves,
        };
        // Lines as `sha256sum` starts them, without 0x.
        work.write("hex", lines.replace("0x", "").as_bytes())?;
        work.write("raw", work.leaves.as_flattened())?;
        Ok(work)
    }

    /// The figures of the rows.
    pub(super) fn round(&self) -> Result<[f64; ROWS.len()], Failure> {
        let library = self.library()?;
        let raw = self.append("raw", "raw")?;
        let hex = self.append("hex", "lines")?;
        let (proofs, single) = self.proofs_and_single()?;
        let many = PROOFS.min(self.leaves.len() as u64);
        let tree = self.path("tree-raw");
        let range = format!("0..{many}");
        let prove = self.time(&["prove-many", &tree, &range, "--format=bytes"])?;
        let head = self.time(&["head", &tree])?;
        let info = self.time(&["info", &tree])?;
        for tree in ["tree", "tree-raw", "tree-lines"] {
            let path = self.folder.join(tree);
            fs::remove_dir_all(&path).map_err(|error| Failure::file(&path, &error))?;
        }
        let leaves = |took| millions(self.leaves.len() as u64, took);
        Ok([
            leaves(library),
            leaves(raw),
            leaves(hex),
            millions(many, proofs),
            millions(many, prove),
            single.as_secs_f64() * 1e3,
            head.as_secs_f64() * 1e3,
            info.as_secs_f64() * 1e3,
        ])
    }

    /// A path below the folder. To start a process in another folder is to fork, which copies the
    /// page tables of all leaves.
    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn place(&self, name: &str) -> Place {
        Place::Directory(self.folder.join(name))
    }

    /// Batches of leaves in memory, from opening until everything is on disk and closed.
    fn library(&self) -> Result<Duration, Failure> {
        let started = Instant::now();
        let tree = init::create(&self.place("tree"), self.shape)?;
        for batch in self.leaves.chunks(BATCH) {
            tree.append(batch).submit()?;
        }
        tree.flush()?;
        tree.close()?;
        Ok(started.elapsed())
    }

    /// The command, from its start to its end.
    fn append(&self, file: &str, form: &str) -> Result<Duration, Failure> {
        let tree = self.path(&format!("tree-{form}"));
        let mut words = vec!["append".to_owned(), tree, self.path(file)];
        words.extend([format!("--form={form}"), "--create".to_owned()]);
        words.extend(self.shape.words());
        self.time(&words)
    }

    /// Proofs of consecutive leaves, and single leaves that are each waited for.
    fn proofs_and_single(&self) -> Result<(Duration, Duration), Failure> {
        let tree = crate::store::Store::at(&self.place("tree"))?.own()?;
        let snapshot = tree.snapshot();
        let started = Instant::now();
        for index in 0..PROOFS.min(snapshot.size()) {
            black_box(snapshot.generate_proof(index)?);
        }
        let proofs = started.elapsed();
        let started = Instant::now();
        for index in 0..SINGLE {
            tree.insert_durable(leaf(u64::MAX - index))?;
        }
        let single = started.elapsed() / SINGLE as u32;
        tree.close()?;
        Ok((proofs, single))
    }

    fn time<S: AsRef<std::ffi::OsStr>>(&self, words: &[S]) -> Result<Duration, Failure> {
        let mut command = Command::new(&self.program);
        command.args(words);
        let started = Instant::now();
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
        let took = started.elapsed();
        match status {
            Ok(status) if status.success() => Ok(took),
            Ok(status) => Err(Failure::new(Code::System, format!("{command:?}: {status}"))),
            Err(error) => Err(Failure::new(Code::System, error).at(self.program.display())),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(|error| Failure::file(&path, &error))
    }
}

/// A leaf that is a number of every field, in either byte order.
fn leaf(index: u64) -> Hash {
    let mut leaf = [0; 32];
    let words = leaf[1..25].chunks_exact_mut(8);
    for (factor, word) in [0x9e37_79b9_7f4a_7c15_u64, 0xbf58_476d_1ce4_e5b9, 1]
        .iter()
        .zip(words)
    {
        word.copy_from_slice(&index.wrapping_mul(*factor).to_le_bytes());
    }
    leaf
}

fn millions(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9) / 1e6
}
