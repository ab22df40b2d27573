//! `checkpoint`: all leaves from the log to their levels, so that the next opening is quick.

use std::fmt;

use rotortree::{Hex, TreeHead};
use serde::Serialize;

use crate::{failure::Failure, output::Output, place::Place, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(value_parser = Place::parser())]
    place: Place,
}

#[derive(Serialize)]
struct Report {
    size: u64,
    root: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, root } = self;
        write!(f, "a checkpoint covers all {size} leaves\n{size}:{root}")
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let tree = Store::at(&self.place)?.own()?;
        tree.checkpoint()?;
        let head = tree.head().unwrap_or(TreeHead::EMPTY);
        tree.close()?;
        output.document(&Report {
            size: head.size,
            root: Hex(head.root).to_string(),
        })
    }
}
