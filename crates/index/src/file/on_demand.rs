//! [`FileShards`]: the shards of a file, each read when it is first asked for.

use std::sync::OnceLock;

use rotortree_hasher::Hash;
use rotortree_lean_imt::AnySnapshot;

use super::IndexFile;
use crate::{
    IndexError,
    shard::Shard,
    table::{SHARDS, Table, search},
    threads::{in_parallel, threads},
};

/// A file that is searched. A lookup that meets a shard for the first time reads it: a 256th of
/// the file.
pub(crate) struct FileShards {
    file: IndexFile,
    shards: Box<[OnceLock<Shard>]>,
}

impl FileShards {
    pub(crate) fn new(file: IndexFile) -> Self {
        let shards = (0..SHARDS).map(|_| OnceLock::new()).collect();
        Self { file, shards }
    }

    /// The leaves that it covers.
    pub(crate) fn size(&self) -> u64 {
        self.file.size()
    }

    /// The least index of `leaf` among the leaves that the file covers.
    pub(crate) fn find(
        &self,
        leaf: &Hash,
        tree: &dyn AnySnapshot,
    ) -> Result<Option<u64>, IndexError> {
        let hash = self.file.key().hash(leaf);
        let shard = self.shard(Table::shard_of(hash))?;
        let place = Table::place_of(hash);
        let candidate = |after| shard.candidate(place, after);
        Ok(search(
            leaf,
            self.size(),
            |index| tree.get_leaf(index),
            candidate,
        )?)
    }

    /// Reads every shard that no lookup has met yet.
    pub(crate) fn load(&self) -> Result<(), IndexError> {
        let threads = threads(self.size());
        let read = in_parallel(threads, 0..SHARDS, |number| self.shard(number).map(drop));
        read.into_iter().collect()
    }

    fn shard(&self, number: usize) -> Result<&Shard, IndexError> {
        if let Some(shard) = self.shards[number].get() {
            return Ok(shard);
        }
        // Two threads may read it at once; both read the same.
        let shard = self.file.shard(number).map_err(|fault| IndexError::File {
            path: self.file.path().to_owned(),
            fault,
        })?;
        Ok(self.shards[number].get_or_init(|| shard))
    }
}
