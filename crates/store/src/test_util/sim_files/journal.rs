//! [`Journal`]: the operations on a disk, so that one run shows the crash at every operation.

use super::{
    SimFiles,
    crash::{Bound, CrashPoint, Image},
    history::{Entry, History},
};

/// The operations of a run, from a known disk on.
///
/// ```
/// use std::path::Path;
/// use rotortree_store::{file_layer::FileLayer, test_util::sim_files::{Bound, SimFiles}};
///
/// let files = SimFiles::new();
/// let root = files.open_dir(Path::new("/"))?;
/// let file = files.create_new(&root, Path::new("a"))?;
/// files.write_at(&file, b"bytes", 0)?;
/// files.sync(&file)?;
/// files.sync_dir(&root, Path::new(""))?;
/// let journal = files.journal();
/// assert_eq!(journal.len(), 4);
/// for point in journal.points() {
///     for image in point.images(Bound::new(100, 1)) {
///         let there = image.files.read_file("/a");
///         // Only the last operation makes the name certain.
///         assert!(there.is_some_and(|bytes| bytes == b"bytes") || point.operations() < 4);
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Journal(History);

impl SimFiles {
    /// The operations since the beginning, or since [`rebase`](Self::rebase).
    pub fn journal(&self) -> Journal {
        Journal(self.state().history.clone())
    }
}

impl Journal {
    /// Number of operations; crash points are before the first, between any two, and
    /// after the last.
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// The operations in words.
    pub fn describe(&self) -> impl Iterator<Item = String> + '_ {
        self.0.entries.iter().map(Entry::describe)
    }

    /// Every crash point in turn. Replays each operation once.
    pub fn points(&self) -> impl Iterator<Item = CrashPoint> + '_ {
        let mut disk = self.0.start.clone();
        (0..=self.len()).map(move |operations| {
            let after = match operations.checked_sub(1) {
                Some(last) => {
                    disk.apply(last, &self.0.entries[last].op);
                    self.0.entries[last].describe()
                }
                None => "nothing".to_owned(),
            };
            CrashPoint::new(operations, after, disk.clone())
        })
    }

    /// The crash point after that many operations. Replays all of them.
    ///
    /// # Panics
    ///
    /// If there were fewer.
    pub fn point(&self, operations: usize) -> CrashPoint {
        let mut disk = self.0.start.clone();
        for (number, entry) in self.0.entries[..operations].iter().enumerate() {
            disk.apply(number, &entry.op);
        }
        let last = operations.checked_sub(1).map(|last| &self.0.entries[last]);
        let after = last.map_or("nothing".to_owned(), Entry::describe);
        CrashPoint::new(operations, after, disk)
    }

    /// Images of the crash after that many operations.
    ///
    /// # Panics
    ///
    /// If there were fewer.
    pub fn images_at(&self, operations: usize, bound: Bound) -> Vec<Image> {
        self.point(operations).images(bound).collect()
    }
}
