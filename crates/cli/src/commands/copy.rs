//! `copy`, also called `restore`: a tree or a backup in another place, checked.

use std::fmt;

use rotortree::TreeHead;
use serde::Serialize;

use crate::{
    failure::Failure, head_argument::TrustedHead, interrupt::Interrupt, output::Output,
    place::Place, store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A backup, or any tree that no process has open
    source: Place,
    /// The empty place; one of another kind than the source goes on from a copy that was cut short
    place: Place,
    /// Refuses a source that does not contain this head
    #[arg(long, value_name = "HEAD")]
    expect: Option<String>,
}

#[derive(Serialize)]
struct Report {
    place: String,
    #[serde(flatten)]
    head: TreeHead,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, head } = self;
        write!(
            f,
            "{place} has {} leaves, every node checked\n{head}",
            head.size
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        Interrupt::install()?;
        let expected = self.expect.as_deref().map(TrustedHead::read).transpose()?;
        let source = Store::at(&self.source)?;
        let mut builder = source.builder();
        if let Some(expected) = expected {
            builder = builder.expect_head(expected.head);
        }
        let head = source.view_with(builder)?.head().unwrap_or(TreeHead::EMPTY);
        source.copy_to(&self.source, &self.place)?;
        let copied = Store::at(&self.place)?;
        let mut builder = copied.builder().verify_checkpoint(true);
        if head.size > 0 {
            builder = builder.expect_head(head);
        }
        output.document(&Report {
            place: self.place.to_string(),
            head: copied.view_with(builder)?.head().unwrap_or(TreeHead::EMPTY),
        })
    }
}
