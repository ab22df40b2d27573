//! Tests of the simulation: the disks that a crash may leave, one rule a test.

mod crashes;
mod faults;
mod mappings;
mod model;

use std::{collections::BTreeSet, io, path::Path, sync::Arc};

use super::{disk::ROOT, *};
use crate::file_layer::FileLayer;

/// As many images as there are ways, in these small cases.
const ALL: usize = 10_000;

/// The topmost directory. What the model calls a path below it may begin with a slash.
fn root() -> SimDir {
    SimDir {
        node: ROOT,
        path: "/".into(),
    }
}

fn dir(files: &SimFiles, path: &str) -> Arc<SimDir> {
    Arc::new(files.open_dir(Path::new(path)).unwrap())
}

/// A synced file of those bytes under a synced name.
fn synced_file(files: &SimFiles, path: &str, bytes: &[u8]) -> SimFile {
    let path = Path::new(path);
    let file = files.create_new(&root(), path).unwrap();
    write(files, &file, 0, bytes);
    files.sync(&file).unwrap();
    files.sync_dir(&root(), path.parent().unwrap()).unwrap();
    file
}

fn write(files: &SimFiles, file: &SimFile, offset: u64, bytes: &[u8]) {
    assert_eq!(files.write_at(file, bytes, offset).unwrap(), bytes.len());
}

fn pieces(values: &[u8]) -> Vec<u8> {
    values.iter().flat_map(|v| [*v; PIECE_BYTES]).collect()
}

/// The possible contents of a file after a crash now; `None` is a missing file.
fn after_crash(files: &SimFiles, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    let point = files.crash_point();
    assert!(point.ways() <= ALL as u128, "a small case");
    let images = point.images(Bound::new(ALL, 0));
    images.map(|image| image.files.read_file(path)).collect()
}

fn set<const K: usize>(values: [Option<Vec<u8>>; K]) -> BTreeSet<Option<Vec<u8>>> {
    values.into_iter().collect()
}
