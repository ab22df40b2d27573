//! `find`: the index of a leaf.

use std::fmt;

use rotortree::{Hash, Hex};
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    index_file::IndexFile,
    leaf_name,
    leaf_search::{Reason, find},
    output::Output,
    place::Place,
    store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// The 64 hex digits of the leaf
    #[arg(value_parser = leaf_name::value)]
    leaf: Hash,
    #[command(flatten)]
    index: IndexFile,
}

#[derive(Serialize)]
struct Report {
    index: u64,
    leaf: String,
    /// How the leaf was found: by the index, or a scan.
    by: &'static str,
    /// Leaves that were read.
    scanned: u64,
    #[serde(skip)]
    because: Reason,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, scanned, .. } = self;
        match &self.because {
            Reason::Nothing => write!(f, "{index}"),
            because => write!(f, "{index} (by a scan of {scanned} leaves; {because})"),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let snapshot = Store::at(&self.place)?.snapshot(None)?;
        let options = self.index.options(&self.place);
        let found = find(&snapshot, options.as_ref(), &self.leaf)?;
        let leaf = Hex(self.leaf).to_string();
        let Some(index) = found.index else {
            let sentence = format!(
                "{leaf} is none of the {} leaves of the tree",
                snapshot.size()
            );
            return Err(Failure::new(Code::No, sentence));
        };
        output.document(&Report {
            index,
            leaf,
            by: match found.because {
                Reason::Nothing => "index",
                _ => "scan",
            },
            scanned: found.scanned,
            because: found.because,
        })
    }
}
