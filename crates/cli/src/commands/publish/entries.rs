//! [`Entries`]: the lines of a file by their index.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use rotortree_tiles::EntryError;

use crate::failure::Failure;

/// The lines of a file. They are asked for in their order, so that the file is read once.
pub(super) struct Entries {
    path: PathBuf,
    lines: BufReader<File>,
    /// The index of the next line.
    next: u64,
}

impl Entries {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            lines: BufReader::with_capacity(1 << 16, file),
            next: 0,
        })
    }

    /// The line at an index, without its end.
    pub(super) fn get(&mut self, index: u64) -> Result<Vec<u8>, EntryError> {
        if index < self.next {
            self.lines = BufReader::with_capacity(1 << 16, File::open(&self.path)?);
            self.next = 0;
        }
        let mut line = Vec::new();
        while self.next <= index {
            line.clear();
            if self.lines.read_until(b'\n', &mut line)? == 0 {
                let lines = self.next;
                return Err(format!("{}: there are {lines} lines", self.path.display()).into());
            }
            self.next += 1;
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
    }
}
