//! `check`: every stored byte against its checksum, every node against its children.

use std::fmt;

use rotortree::TreeHead;
use serde::Serialize;

use crate::{failure::Failure, output::Output, place::Place, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    head: TreeHead,
    /// Durable leaves that recovery cut off, and that are not acknowledged.
    unacknowledged_cuts: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sound: {} leaves, every node is the hash of its children\n{}",
            self.head.size, self.head
        )?;
        match self.unacknowledged_cuts {
            0 => Ok(()),
            cuts => write!(
                f,
                "\ncuts of durable leaves that are not acknowledged: {cuts}; `rotortree info` has them"
            ),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let view = store.view_with(store.builder().verify_checkpoint(true))?;
        output.document(&Report {
            head: view.head().unwrap_or(TreeHead::EMPTY),
            unacknowledged_cuts: store.identity.cuts.len(),
        })
    }
}
