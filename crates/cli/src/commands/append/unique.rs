//! [`Unique`]: appends that refuse what the tree has already.

use rotortree::{IndexOptions, LeafIndex};

use crate::{index_file::IndexFile, place::Place};

/// Whether a leaf may be in the tree twice.
#[derive(clap::Args, Debug)]
pub(super) struct Unique {
    /// Stops at a leaf that the tree has already; makes and keeps its index
    #[arg(long)]
    unique: bool,
    #[command(flatten)]
    index: IndexFile,
}

impl Unique {
    /// The index that refuses such leaves, if that is asked for.
    pub(super) fn index(&self, place: &Place) -> Option<LeafIndex> {
        self.unique.then(|| {
            let options = self.index.options(place);
            let options = options.unwrap_or_else(IndexOptions::in_memory);
            LeafIndex::new(options.refuse_duplicates(true))
        })
    }

    /// The option of the command line, with a blank behind it.
    pub(super) fn option(&self) -> &'static str {
        match self.unique {
            true => "--unique ",
            false => "",
        }
    }
}
