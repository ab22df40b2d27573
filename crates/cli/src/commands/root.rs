//! `root`: the root, now or at an earlier size.

use std::fmt;

use rotortree::{Hex, TreeHead};
use serde::Serialize;

use crate::{failure::Failure, output::Output, place::Place, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// The root at the time when the tree had SIZE leaves
    #[arg(long, value_name = "SIZE")]
    at: Option<u64>,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    head: TreeHead,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(self.head.root).fmt(f)
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let head = match self.at {
            None => store.head()?,
            at => store.snapshot(at)?.head().unwrap_or(TreeHead::EMPTY),
        };
        output.document(&Report { head })
    }
}
