//! The options of a run, and the inputs that rows share.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use crate::inputs::{indices, leaf, leaves};
use crate::{Outcome, memory};

/// Every tree that is measured may be this deep, whatever its arity; contenders alike.
pub const MAX_DEPTH: usize = 32;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Context {
    /// Smaller inputs and fewer rounds.
    pub quick: bool,
    /// The directory of durable trees.
    pub directory: PathBuf,
    /// The directory for plots.
    pub plots: Option<PathBuf>,
    /// The program of `benches/contenders`.
    pub contenders: Option<PathBuf>,
}

impl Context {
    /// `quick` in a quick run, otherwise `full`.
    #[must_use]
    pub fn pick<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Rounds of something that takes well below a second.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.pick(5, 15)
    }

    /// An empty folder for one tree, removed when it is dropped.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    pub fn folder(&self) -> Outcome<Folder> {
        Folder::inside(&self.directory)
    }
}

/// An empty folder, removed when it is dropped.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder inside of `directory`.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    pub fn inside(directory: &Path) -> Outcome<Self> {
        let made = tempfile::Builder::new()
            .prefix("rotortree-bench-")
            .tempdir_in(directory);
        made.map(Self)
            .map_err(|error| format!("No folder in {}: {error}.", directory.display()).into())
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path in it where nothing is yet.
    #[must_use]
    pub fn vacant(&self) -> PathBuf {
        self.0.path().join("tree")
    }
}

/// Runs `work` with freed memory recycled, which is what a process that has run for a while sees.
pub fn warm<T>(work: impl FnOnce() -> T) -> T {
    memory::malloc::recycle();
    work()
}

/// Runs `work` with every large block of memory fresh from the system.
pub fn fresh<T>(work: impl FnOnce() -> T) -> T {
    memory::malloc::give_back();
    let result = work();
    memory::malloc::recycle();
    result
}

/// Runs `work` on one thread: parallel iterators inside find no other.
///
/// # Errors
/// If the thread cannot be created.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
    // One thread for all rounds: a new thread would start on a processor with a cold cache.
    static POOL: OnceLock<rayon::ThreadPool> = OnceLock::new();
    let pool = match POOL.get() {
        Some(pool) => pool,
        None => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
            POOL.get_or_init(|| pool)
        }
    };
    pool.install(work)
}
