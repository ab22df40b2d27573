//! [`Counts`]: counts the calls that reach the files.

use std::{
    mem,
    sync::{Arc, Mutex},
    thread,
};

use rotortree_store::{fs::FsStorage, storage::Storage, test_util::sim_files::SimFiles};

use crate::intercepted::{Intercepted, Step};

/// Calls and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) opened: usize,
    pub(crate) read: usize,
    pub(crate) written: usize,
    /// Syncs of files and of directories.
    pub(crate) syncs: usize,
    pub(crate) manifests: usize,
    /// Looks into directories.
    pub(crate) listed: usize,
    /// Files and directories that were made, renamed or removed, and files that were cut.
    pub(crate) changed: usize,
}

/// Counts of the calls through one or more storages.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<Mutex<Counts>>);

impl Counter {
    /// A storage at `/tree`, in shards of so many chunks, whose calls are counted, those of the
    /// runtime's threads excepted: a mark that a timer writes comes at any time.
    pub(crate) fn storage(&self, files: &SimFiles, shard_chunks: u64) -> Arc<dyn Storage> {
        let counts = Arc::clone(&self.0);
        let layer = Intercepted::new(files, move |step| {
            if thread::current().name() == Some("rotortree-flush") {
                return true;
            }
            let mut counts = counts.lock().unwrap();
            match step {
                Step::Open => counts.opened += 1,
                Step::Read(bytes) => counts.read += bytes,
                Step::Write(bytes) => counts.written += bytes,
                Step::Sync | Step::SyncAll | Step::SyncDir => counts.syncs += 1,
                Step::List => counts.listed += 1,
                Step::Rename { manifest } => {
                    counts.changed += 1;
                    counts.manifests += usize::from(manifest);
                }
                Step::Change => counts.changed += 1,
            }
            true
        });
        Arc::new(FsStorage::with_shard_chunks(layer, "/tree", shard_chunks))
    }

    /// The counts since the last call.
    pub(crate) fn take(&self) -> Counts {
        mem::take(&mut self.0.lock().unwrap())
    }
}
