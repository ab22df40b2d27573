//! [`IndexFile`]: where the index of a tree's leaves is kept.

use std::path::PathBuf;

use rotortree::IndexOptions;

use crate::place::Place;

/// The index on the command line.
#[derive(clap::Args, Debug)]
pub(crate) struct IndexFile {
    /// The file of the index [default: PLACE.index, beside a directory]
    #[arg(long, value_name = "FILE")]
    index_file: Option<PathBuf>,
}

impl IndexFile {
    /// The options of the index of a tree. `None` for a bucket, which has no place beside it, if no
    /// file is named.
    pub(crate) fn options(&self, place: &Place) -> Option<IndexOptions> {
        match (&self.index_file, place.directory()) {
            (Some(file), _) => Some(IndexOptions::in_file(file)),
            (None, Some(directory)) => Some(IndexOptions::beside(directory)),
            (None, None) => None,
        }
    }
}
