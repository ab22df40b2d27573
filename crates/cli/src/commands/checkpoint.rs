//! `checkpoint`: all leaves from the log to their levels, so that the next opening is quick.

use std::fmt;

use rotortree::TreeHead;
use serde::Serialize;

use crate::{failure::Failure, output::Output, place::Place, progress::Progress, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    head: TreeHead,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = &self.head;
        write!(f, "a checkpoint covers all {} leaves\n{head}", head.size)
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let tree = Store::at(&self.place)?.own()?;
        let _bar = Progress::of("writing the levels");
        tree.checkpoint()?;
        let head = tree.head().unwrap_or(TreeHead::EMPTY);
        tree.close()?;
        output.document(&Report { head })
    }
}
