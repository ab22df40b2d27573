//! [`Report`]: the output of the example.

use std::{
    io::{self, Write},
    time::Duration,
};

use rotortree::Hash;

/// Lines for the reader of the output. After the reader closes the pipe, nothing more is written,
/// and the job goes on.
pub(crate) struct Report<'a> {
    out: &'a mut dyn Write,
    closed: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, closed: false }
    }

    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        match writeln!(self.out, "{text}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            other => {
                return other.map_err(|error| {
                    io::Error::new(
                        error.kind(),
                        format!("the output cannot be written: {error}"),
                    )
                });
            }
        }
        Ok(())
    }

    pub(crate) fn line(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.text(&format!("{name:<11} {text}"))
    }

    /// A step, how many leaves or proofs it dealt with, and how long it took.
    pub(crate) fn step(
        &mut self,
        name: &str,
        count: u64,
        of: &str,
        took: Duration,
    ) -> io::Result<()> {
        if count == 0 {
            return self.line(name, &format!("0 {of}"));
        }
        let rate = count as f64 / took.as_secs_f64().max(1e-9);
        let text = format!("{count} {of} in {} ({rate:.0} per second)", time(took));
        self.line(name, &text)
    }

    /// A step whose time does not depend on how many leaves there are.
    pub(crate) fn timed(&mut self, name: &str, took: Duration) -> io::Result<()> {
        self.line(name, &time(took))
    }
}

pub(crate) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn time(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1e3)
}
