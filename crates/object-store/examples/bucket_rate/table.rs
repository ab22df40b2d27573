//! [`Table`]: rows with what they aim at.

use std::io::Write;

use crate::Told;

/// The rows so far have gone to an output.
pub(crate) struct Table<'a, W>(&'a mut W);

impl<'a, W: Write> Table<'a, W> {
    pub(crate) fn begin(out: &'a mut W) -> Told<Self> {
        writeln!(out, "| row | aim | measured |\n| --- | --- | --- |")?;
        Ok(Self(out))
    }

    pub(crate) fn row(&mut self, name: &str, aim: &str, measured: &str) -> Told<()> {
        writeln!(self.0, "| {name} | {aim} | {measured} |")?;
        Ok(self.0.flush()?)
    }
}
