//! `backup`: a copy in another place, made or extended, also beside a live writer.

use std::fmt;

use rotortree::TreeHead;
use serde::Serialize;

use crate::{failure::Failure, interrupt::Interrupt, output::Output, place::Place, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// An empty place, or that of an earlier backup of the same tree, which is extended
    target: Place,
}

#[derive(Serialize)]
struct Report {
    target: String,
    /// Leaves that the backup had before.
    before: u64,
    #[serde(flatten)]
    head: TreeHead,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            before,
            head,
        } = self;
        let new = head.size - before;
        write!(
            f,
            "{target} holds {} leaves, {new} of them new\n{head}",
            head.size
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        Interrupt::install()?;
        let (new, head) = Store::at(&self.place)?.back_up_to(&self.target)?;
        output.document(&Report {
            target: self.target.to_string(),
            before: new.start,
            head,
        })
    }
}
