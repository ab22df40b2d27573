//! Faults that a test plans: which call fails, and how.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The calls of a [`FileLayer`](crate::file_layer::FileLayer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the method of that name")]
pub enum Call {
    OpenDir,
    CreateNew,
    Open,
    OpenWrite,
    ReadAt,
    WriteAt,
    Status,
    Truncate,
    Allocate,
    Sync,
    Rename,
    Remove,
    CreateDir,
    SyncDir,
    List,
    Map,
    LockDir,
}

/// A call that a fault struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strike {
    /// The call.
    pub call: Call,
    /// The path that it was given, or by which its file was opened.
    pub path: PathBuf,
    /// Whether something has that name: a file that was opened and then renamed leaves it.
    pub is_named: bool,
    /// Whether it was to write nothing but zeros, as into room ahead.
    pub is_blank: bool,
}

/// The effect of a fault on its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// An error, and nothing happened. After a sync everything is as unsynced as before.
    Error(io::ErrorKind),
    /// An error, although the call took effect.
    ErrorAfter(io::ErrorKind),
    /// A read or write of at most this many bytes; other calls go well.
    Short(usize),
    /// A sync that fails and after which the system counts everything as synced, as Linux does:
    /// unsynced bytes stay readable, may or may not be on the disk, and no later sync writes them
    /// unless they are written anew. For other calls (a directory's sync too) like
    /// [`Error`](Self::Error).
    LoseSync(io::ErrorKind),
    /// A panic, and nothing happened.
    Panic,
}

/// A planned fault. It counts the calls that it could meet and strikes the one of its number.
///
/// ```
/// use rotortree_store::{
///     file_layer::FileLayer,
///     test_util::sim_files::{Call, Effect, Fault, SimFiles},
/// };
/// use std::{io, path::Path};
///
/// let files = SimFiles::new();
/// files.inject(
///     Fault::new(1, Effect::Error(io::ErrorKind::StorageFull)).on(Call::CreateNew),
/// );
/// let root = files.open_dir(Path::new("/"))?;
/// files.create_new(&root, Path::new("a"))?;
/// assert!(files.create_new(&root, Path::new("b")).is_err());
/// files.create_new(&root, Path::new("b"))?;
/// assert_eq!(files.struck(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    after: u64,
    effect: Effect,
    for_good: bool,
    call: Option<Call>,
    within: Option<PathBuf>,
    met: u64,
}

impl Fault {
    /// Strikes the call after `after` others, counted from now on, once.
    pub fn new(after: u64, effect: Effect) -> Self {
        Self {
            after,
            effect,
            for_good: false,
            call: None,
            within: None,
            met: 0,
        }
    }

    /// Strikes every later call too.
    pub fn for_good(mut self) -> Self {
        self.for_good = true;
        self
    }

    /// Counts and strikes calls of one kind alone.
    pub fn on(mut self, call: Call) -> Self {
        self.call = Some(call);
        self
    }

    /// Counts and strikes calls on paths at or below `path` alone.
    pub fn within(mut self, path: impl Into<PathBuf>) -> Self {
        self.within = Some(path.into());
        self
    }

    /// Counts a call. Returns the effect if the fault strikes this call.
    pub(super) fn meet(&mut self, call: Call, path: &Path) -> Option<Effect> {
        let meets = self.call.is_none_or(|mine| mine == call)
            && self
                .within
                .as_ref()
                .is_none_or(|mine| path.starts_with(mine));
        if !meets {
            return None;
        }
        let number = self.met;
        self.met += 1;
        let strikes = number == self.after || self.for_good && number > self.after;
        strikes.then_some(self.effect)
    }
}

/// Something that happens to the files while a program works.
pub(super) type Interlude = Box<dyn FnOnce() + Send>;

/// The calls so far, and the plans for later ones.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) made: u64,
    pub(super) faults: Vec<Fault>,
    /// An action before the call of a number.
    pub(super) interlude: Option<(u64, Interlude)>,
    pub(super) struck: u64,
    pub(super) last_struck: Option<Strike>,
}
