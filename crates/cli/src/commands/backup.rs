//! `backup`: a copy in another place, made or extended, also beside a live writer.

use std::fmt;

use rotortree::{Hex, TreeHead};
use serde::Serialize;

use crate::{failure::Failure, output::Output, place::Place, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(value_parser = Place::parser())]
    place: Place,
    /// An empty place, or that of an earlier backup of the same tree, which is extended
    #[arg(value_parser = Place::parser())]
    target: Place,
}

#[derive(Serialize)]
struct Report {
    target: String,
    /// Leaves that the backup had before.
    before: u64,
    size: u64,
    root: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            before,
            size,
            root,
        } = self;
        write!(
            f,
            "{target} holds {size} leaves, {} of them new\n{size}:{root}",
            size - before
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let target = self.target.storage()?;
        let tree = Store::at(&self.place)?.view()?;
        let done = tree.backup_to(target)?.leaves;
        // Another process may have gone on meanwhile.
        let head = tree.snapshot().snapshot_at(done.end)?.head();
        output.document(&Report {
            target: self.target.to_string(),
            before: done.start,
            size: done.end,
            root: Hex(head.unwrap_or(TreeHead::EMPTY).root).to_string(),
        })
    }
}
