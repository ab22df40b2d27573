//! `restore`: a backup in an empty place, checked. The backup stays as it is.

use std::fmt;

use rotortree::{Hex, TreeHead};
use serde::Serialize;

use crate::{
    failure::Failure, head_argument::TrustedHead, output::Output, place::Place, store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The backup, or the place of any tree that is closed
    #[arg(value_parser = Place::parser())]
    backup: Place,
    /// The empty place
    #[arg(value_parser = Place::parser())]
    place: Place,
    /// Refuses a backup that does not contain this head
    #[arg(long, value_name = "HEAD")]
    expect: Option<String>,
}

#[derive(Serialize)]
struct Report {
    place: String,
    size: u64,
    root: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, size, root } = self;
        write!(
            f,
            "{place} has {size} leaves, every node checked\n{size}:{root}"
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let expected = self.expect.as_deref().map(TrustedHead::read).transpose()?;
        let backup = Store::at(&self.backup)?;
        let mut builder = backup.builder();
        if let Some(expected) = expected {
            builder = builder.expect_head(expected.head);
        }
        let head = backup.view_with(builder)?.head().unwrap_or(TreeHead::EMPTY);
        self.backup.copy_to(&self.place)?;
        let restored = Store::at(&self.place)?;
        let mut builder = restored.builder().verify_checkpoint(true);
        if head.size > 0 {
            builder = builder.expect_head(head);
        }
        let head = restored
            .view_with(builder)?
            .head()
            .unwrap_or(TreeHead::EMPTY);
        output.document(&Report {
            place: self.place.to_string(),
            size: head.size,
            root: Hex(head.root).to_string(),
        })
    }
}
