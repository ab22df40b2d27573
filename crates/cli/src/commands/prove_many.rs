//! `prove-many`: an inclusion proof for each of many leaves, or one proof for all of them.

use std::{
    io::{self, BufRead},
    ops::Range,
    str::FromStr,
};

use rotortree::{AnySnapshot, TreeHead};

use super::prove::FormOptions;
use crate::{
    failure::{Code, Failure},
    interrupt::Interrupt,
    leaf_range::LeafRange,
    output::Output,
    place::Place,
    progress::{Progress, Unit},
    store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(value_parser = Place::parser())]
    place: Place,
    /// Indices, and ranges A..B; `-` reads them from the standard input, one a line
    #[arg(required = true, value_name = "INDEX|A..B")]
    leaves: Vec<Leaves>,
    /// Proves the leaves for the head of the tree when it had SIZE leaves
    #[arg(long, value_name = "SIZE")]
    at: Option<u64>,
    /// Makes one proof for all leaves: a range proof of a run of them, else a multiproof
    #[arg(long)]
    one: bool,
    #[command(flatten)]
    form: FormOptions,
}

/// Leaves on the command line.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    Index(u64),
    Range(LeafRange),
    Stdin,
}

impl FromStr for Leaves {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "-" => Ok(Self::Stdin),
            text if text.contains("..") => text.parse().map(Self::Range),
            text => text
                .parse()
                .map(Self::Index)
                .map_err(|error| format!("an index: {error}")),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let snapshot = store.snapshot(self.at)?;
        let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
        let mut sheet = self.form.open(&store, head, output)?;
        if self.one {
            return sheet.put(&self.one_proof(&*snapshot)?);
        }
        let mut bar = Progress::new("proving", Unit::Leaves, None);
        let mut done = 0;
        self.each_run(snapshot.size(), |run| {
            for index in run {
                if done % 1024 == 0 {
                    Interrupt::check(|| format!("{done} proofs are made"))?;
                    bar.set(done);
                }
                if sheet.is_closed() {
                    break;
                }
                sheet.put_one_of_many(&snapshot.generate_proof(index)?)?;
                done += 1;
            }
            Ok(())
        })?;
        sheet.finish()
    }

    /// A proof of all leaves at once.
    fn one_proof(&self, snapshot: &dyn AnySnapshot) -> Result<Vec<u8>, Failure> {
        let mut indices = Vec::new();
        self.each_run(snapshot.size(), |run| {
            indices.extend(run);
            Ok(())
        })?;
        indices.sort_unstable();
        indices.dedup();
        match indices[..] {
            [first, .., last] if last - first == indices.len() as u64 - 1 => {
                Ok(snapshot.generate_range_proof(first..=last)?)
            }
            _ => Ok(snapshot.generate_multiproof(&indices)?),
        }
    }

    /// Calls `each` with every run of indices, in their order.
    fn each_run(
        &self,
        size: u64,
        mut each: impl FnMut(Range<u64>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for leaves in &self.leaves {
            match *leaves {
                Leaves::Index(index) => each(one(index, size)?)?,
                Leaves::Range(range) => each(range.within(size)?)?,
                Leaves::Stdin => {
                    for (number, line) in (1..).zip(io::stdin().lock().lines()) {
                        let name = || format!("the standard input, line {number}");
                        let line =
                            line.map_err(|error| Failure::new(Code::Input, error).at(name()))?;
                        let index = line.trim().parse().map_err(|_| {
                            Failure::new(Code::Input, format!("`{line}` is no index")).at(name())
                        })?;
                        each(one(index, size).map_err(|failure| failure.at(name()))?)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The run of one index.
fn one(index: u64, size: u64) -> Result<Range<u64>, Failure> {
    match index < size {
        true => Ok(index..index + 1),
        false => Err(rotortree::TreeError::IndexOutOfRange { index, size }.into()),
    }
}
