//! [`Lines`]: leaves from text, one a line, in batches.

use std::{
    error::Error,
    fmt,
    io::{self, BufRead, Read},
};

use rotortree::Hash;

/// Hex digits in a line.
const DIGITS: usize = 64;
/// A line that may still be a leaf: its digits, and the two bytes that end a line on some systems.
const LONGEST: usize = DIGITS + 2;

/// Reads leaves, counting lines and bytes.
pub(crate) struct Lines {
    input: Box<dyn BufRead>,
    name: String,
    number: u64,
    bytes: u64,
    line: Vec<u8>,
}

/// A line that is not a leaf.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    pub(crate) name: String,
    /// From 1.
    pub(crate) number: u64,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, line {}: not {DIGITS} hex digits; nothing was inserted from this line on",
            self.name, self.number
        )
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
            line: Vec::with_capacity(LONGEST),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next leaf, or `None` at the end.
    fn next_leaf(&mut self) -> Result<Option<Hash>, Box<dyn Error>> {
        self.line.clear();
        // What is longer than a leaf is not read to its end, which a file without line ends may not have.
        let mut limited = Read::take(&mut self.input, LONGEST as u64);
        let read = limited
            .read_until(b'\n', &mut self.line)
            .map_err(|error| named(&self.name, &error))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match parse(line) {
            Some(leaf) => Ok(Some(leaf)),
            None => Err(Box::new(BadLine {
                name: self.name.clone(),
                number: self.number,
            })),
        }
    }

    /// Replaces `batch` by the next leaves, at most `most`. What came before an error is in the batch.
    pub(crate) fn next_batch(
        &mut self,
        batch: &mut Vec<Hash>,
        most: usize,
    ) -> Result<(), Box<dyn Error>> {
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

fn named(name: &str, error: &io::Error) -> String {
    format!("{name}: {error}")
}

fn parse(line: &[u8]) -> Option<Hash> {
    if line.len() != DIGITS {
        return None;
    }
    let mut leaf = [0; 32];
    for (byte, digits) in leaf.iter_mut().zip(line.chunks_exact(2)) {
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
    }
    Some(leaf)
}

fn digit(character: u8) -> Option<u8> {
    char::from(character)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
