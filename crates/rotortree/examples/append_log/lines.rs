//! [`Lines`]: leaves from text, one a line, in batches.

use std::{
    error::Error,
    fmt,
    io::{self, BufRead, Read},
};

use rotortree::Hash;
use rotortree_proof_forms::leaf_line::{self, LineError};

/// A longer line is not read to its end, which a file without line ends may not have. Comments and
/// names are shorter.
const LONGEST: usize = 64 << 10;

/// Reads leaves, counting lines and bytes.
pub(crate) struct Lines {
    input: Box<dyn BufRead>,
    name: String,
    number: u64,
    bytes: u64,
    line: Vec<u8>,
}

/// A line that cannot be read, or has no leaf.
#[derive(Debug)]
pub(crate) struct BadLine {
    pub(crate) name: String,
    /// From 1.
    pub(crate) number: u64,
    found: Found,
}

#[derive(Debug)]
enum Found {
    NoLeaf(LineError),
    Unreadable(io::Error),
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: ", self.name, self.number)?;
        match &self.found {
            Found::NoLeaf(found) => found.fmt(f),
            Found::Unreadable(error) => error.fmt(f),
        }
    }
}

impl Error for BadLine {}

impl Lines {
    pub(crate) fn new(input: Box<dyn BufRead>, name: String) -> Self {
        Self {
            input,
            name,
            number: 0,
            bytes: 0,
            line: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next leaf, or `None` at the end.
    pub(crate) fn next_leaf(&mut self) -> Result<Option<Hash>, BadLine> {
        loop {
            self.line.clear();
            let mut limited = Read::take(&mut self.input, LONGEST as u64);
            let read = limited.read_until(b'\n', &mut self.line);
            self.number += 1;
            match read {
                Ok(0) => return Ok(None),
                Ok(read) => self.bytes += read as u64,
                Err(error) => return Err(self.bad(Found::Unreadable(error))),
            }
            if let Some(leaf) = self
                .leaf()
                .map_err(|found| self.bad(Found::NoLeaf(found)))?
            {
                return Ok(Some(leaf));
            }
        }
    }

    /// The leaf in the line that was read.
    fn leaf(&self) -> Result<Option<Hash>, LineError> {
        if self.line.len() == LONGEST && !self.line.ends_with(b"\n") {
            return Err(LineError::too_long(&self.line, LONGEST));
        }
        leaf_line::parse(leaf_line::text(&self.line, self.number == 1)?)
    }

    fn bad(&self, found: Found) -> BadLine {
        BadLine {
            name: self.name.clone(),
            number: self.number,
            found,
        }
    }

    /// Replaces `batch` by the next leaves, at most `most`. What came before an error is
    /// in the batch.
    pub(crate) fn next_batch(&mut self, batch: &mut Vec<Hash>, most: usize) -> Result<(), BadLine> {
        batch.clear();
        while batch.len() < most {
            match self.next_leaf()? {
                Some(leaf) => batch.push(leaf),
                None => break,
            }
        }
        Ok(())
    }
}
