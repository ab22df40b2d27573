//! `find`: the index of a leaf.

use std::fmt;

use rotortree::{Hash, Hex};
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    leaf_name,
    output::Output,
    place::Place,
    scan,
    store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(value_parser = Place::parser())]
    place: Place,
    /// The 64 hex digits of the leaf
    #[arg(value_parser = leaf_name::value)]
    leaf: Hash,
}

#[derive(Serialize)]
struct Report {
    index: u64,
    leaf: String,
    /// How the leaf was found.
    by: &'static str,
    /// Leaves that were read.
    scanned: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, scanned, .. } = self;
        write!(
            f,
            "{index} (by a scan of {scanned} leaves; the tree has no index)"
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let snapshot = Store::at(&self.place)?.snapshot(None)?;
        let leaf = Hex(self.leaf).to_string();
        let index = scan::find(&*snapshot, &self.leaf)?.ok_or_else(|| {
            let size = snapshot.size();
            Failure::new(
                Code::No,
                format!("{leaf} is none of the {size} leaves of the tree"),
            )
        })?;
        output.document(&Report {
            index,
            leaf,
            by: "scan",
            scanned: index + 1,
        })
    }
}
