//! [`expect_outside`]: the directory of a tree takes no files of others.

use std::path::{Path, absolute};

use crate::failure::{Code, Failure};

/// Refuses a directory that is a tree's, or lies in one, whether or not it is there. Files come
/// among those of the tree otherwise: a copy of the tree into itself has no end, and a folder that
/// is published shows all that the tree has.
pub(crate) fn expect_outside(directory: &Path) -> Result<(), Failure> {
    let place = absolute(directory).map_err(|error| Failure::file(directory, &error))?;
    let there = place
        .ancestors()
        .find_map(|above| above.canonicalize().ok());
    let mut above = there.iter().flat_map(|there| there.ancestors());
    match above.find(|above| matches!(rotortree::inspect(*above), Ok(Some(_)))) {
        Some(tree) => {
            let sentence = format!("the directory lies in the tree {}", tree.display());
            Err(Failure::new(Code::Place, sentence)
                .at(directory.display())
                .next("name a directory outside of every tree; nothing was changed"))
        }
        None => Ok(()),
    }
}
