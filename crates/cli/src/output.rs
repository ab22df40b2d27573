//! [`Output`]: what a command prints to the standard output, for people or as JSON.

use std::{
    fmt::Display,
    io::{self, BufWriter, IsTerminal, Stdout, Write},
};

use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    progress::{Progress, Unit},
};

/// A document on one line of JSON, its keys in the order of the type.
pub(crate) fn json<D: Serialize>(document: &D) -> Result<String, Failure> {
    serde_json::to_string(document)
        .map_err(|error| Failure::new(Code::System, error).at("the document"))
}

/// The owner of the standard output. After the reader of a pipe has closed it, nothing more is
/// written and nothing fails: the reader has what it wanted.
pub(crate) struct Output {
    json: bool,
    out: BufWriter<Stdout>,
    closed: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            out: BufWriter::with_capacity(1 << 16, io::stdout()),
            closed: false,
        }
    }

    /// Whether the reader is gone, so that a command that only prints can stop.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the output goes to a terminal, which bytes would garble.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// The progress of work whose results are printed one by one. On a terminal they show it.
    pub(crate) fn progress(&self, what: &'static str, total: Option<u64>) -> Progress {
        match self.is_terminal() {
            true => Progress::none(),
            false => Progress::new(what, Unit::Leaves, total),
        }
    }

    /// Prints a document: as text, or as one line of JSON.
    pub(crate) fn document<D: Serialize + Display>(&mut self, document: &D) -> Result<(), Failure> {
        if self.json {
            self.line(json(document)?)
        } else {
            self.line(document)
        }
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        self.write(|out| writeln!(out, "{line}"))
    }

    /// Prints bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.write(|out| out.write_all(bytes))
    }

    /// Hands everything to the system.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.write(BufWriter::flush)
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        match write(&mut self.out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => {
                other.map_err(|error| Failure::new(Code::System, error).at("the standard output"))
            }
        }
    }
}
