//! `index`: makes the index of a tree's leaves, or adds what is new to it. Writes nothing to the
//! tree, so that another process may write it meanwhile.

use std::fmt;

use rotortree::LeafIndex;
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    index_file::IndexFile,
    interrupt::Interrupt,
    output::Output,
    place::Place,
    progress::{Progress, Unit},
    store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    #[command(flatten)]
    index: IndexFile,
}

#[derive(Serialize)]
struct Report {
    /// Leaves that the index covers.
    size: u64,
    /// Those that it did not cover before.
    added: u64,
    /// Leaves that are in the tree at a smaller index too.
    duplicates: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            size,
            added,
            duplicates,
        } = self;
        write!(f, "the index covers {size} leaves, {added} of them new")?;
        match duplicates {
            0 => Ok(()),
            _ => write!(f, "; {duplicates} are in the tree more than once"),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let options = self.index.options(&self.place).ok_or_else(|| {
            let sentence = format!("{}: a bucket has no place beside it", self.place);
            Failure::new(Code::Usage, sentence)
                .next("give --index-file FILE, a file of this machine")
        })?;
        Interrupt::install()?;
        let view = Store::at(&self.place)?.view()?;
        let snapshot = view.snapshot();
        let mut bar = Progress::new("indexing", Unit::Leaves, None);
        let pace = |covered| bar.step(Unit::Leaves, covered, snapshot.size());
        let report = LeafIndex::update(&options, &*snapshot, pace).or_else(|error| {
            Interrupt::check(|| "the index is as it was".to_owned())?;
            Err(Failure::from(error))
        })?;
        output.document(&Report {
            size: report.loaded + report.added,
            added: report.added,
            duplicates: report.duplicates,
        })
    }
}
