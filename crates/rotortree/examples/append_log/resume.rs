//! [`resume`]: compares the input with the leaves that the tree has already.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use rotortree::{Hash, TreeSnapshot};

use crate::{
    lines::{BadLine, Lines},
    probes::Probes,
    report::hex,
};

/// Lines between two looks at the progress bar.
const STEP: u64 = 1000;

/// The input and the tree in the directory have different leaves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Differs {
    pub(crate) name: String,
    /// From 1.
    pub(crate) line: u64,
    /// From 0.
    pub(crate) index: u64,
    here: Hash,
    there: Hash,
    dir: PathBuf,
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (here, there) = (hex(&self.here), hex(&self.there));
        write!(
            f,
            "{}, line {}: leaf {} is {here}, but the tree in {} has {there} there. Nothing was \
             appended. Name another --dir for this list, or give the list that the tree was made of",
            self.name,
            self.line,
            self.index,
            self.dir.display(),
        )
    }
}

impl Error for Differs {}

/// The common prefix of the input and the tree.
pub(crate) struct Compared {
    /// Leaves; fewer than the tree has where the input ended, or has a line without a
    /// leaf, before that.
    pub(crate) agreed: u64,
    /// Whether the input could be read so far.
    pub(crate) input: Result<(), BadLine>,
}

impl Compared {
    /// Of an empty tree.
    pub(crate) fn nothing() -> Self {
        Self {
            agreed: 0,
            input: Ok(()),
        }
    }
}

/// Reads the leaves of the input that the tree has too, and compares them.
pub(crate) fn resume<const N: usize, const MAX_DEPTH: usize>(
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    lines: &mut Lines,
    dir: &Path,
    bar: &ProgressBar,
    probes: &mut Probes,
) -> Result<Compared, Box<dyn Error>> {
    let mut agreed = 0;
    for there in snapshot.leaves(0..snapshot.size())? {
        let there = there?;
        let here = match lines.next_leaf() {
            Ok(Some(here)) => here,
            Ok(None) => break,
            Err(bad) => {
                let input = Err(bad);
                return Ok(Compared { agreed, input });
            }
        };
        if here != there {
            return Err(Box::new(Differs {
                name: lines.name().to_owned(),
                line: lines.number(),
                index: agreed,
                here,
                there,
                dir: dir.to_owned(),
            }));
        }
        probes.offer(agreed, here);
        agreed += 1;
        if agreed.is_multiple_of(STEP) {
            bar.set_position(lines.bytes());
        }
    }
    let input = Ok(());
    Ok(Compared { agreed, input })
}
