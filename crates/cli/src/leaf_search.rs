//! [`find`]: a leaf by its value, through the index where there is one, else by reading leaves one
//! after the other.

use std::{fmt, sync::Arc};

use rotortree::{AnySnapshot, FileFault, Hash, IndexError, IndexOptions, IndexView};

use crate::{
    failure::Failure,
    progress::{Progress, Unit},
};

/// Leaves that are read at once.
const PIECE: u64 = 4096;

/// The outcome of a search.
pub(crate) struct Found {
    /// The least index of the leaf.
    pub(crate) index: Option<u64>,
    /// Leaves that were read one after the other.
    pub(crate) scanned: u64,
    /// Why leaves were read.
    pub(crate) because: Reason,
}

/// Why an index alone did not tell.
pub(crate) enum Reason {
    /// It did.
    Nothing,
    /// There is none.
    NoIndex,
    /// It covers the leaves in front of this one.
    Covers(u64),
    /// It is damaged, or of another tree.
    Fault(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("the index has the leaf"),
            Self::NoIndex => f.write_str("the tree has no index"),
            Self::Covers(leaves) => write!(f, "the index covers {leaves}"),
            Self::Fault(fault) => write!(f, "the index is not used: {fault}"),
        }
    }
}

/// The first leaf with this value, and how it was found. O(1) through an index, and O(leaves) where
/// it does not cover them.
pub(crate) fn find(
    tree: &Arc<dyn AnySnapshot>,
    index: Option<&IndexOptions>,
    leaf: &Hash,
) -> Result<Found, Failure> {
    let (start, because) = match index.map(|options| look_up(tree, options, leaf)) {
        None => (0, Reason::NoIndex),
        Some(Ok(index)) => {
            return Ok(Found {
                index,
                scanned: 0,
                because: Reason::Nothing,
            });
        }
        Some(Err(IndexError::File { fault, .. })) => match fault {
            FileFault::Missing => (0, Reason::NoIndex),
            fault => (0, Reason::Fault(fault.to_string())),
        },
        Some(Err(IndexError::Behind { covered, .. })) => (covered, Reason::Covers(covered)),
        Some(Err(error)) => return Err(error.into()),
    };
    let index = scan(&**tree, start, leaf)?;
    Ok(Found {
        index,
        scanned: index.map_or(tree.size(), |index| index + 1) - start,
        because,
    })
}

fn look_up(
    tree: &Arc<dyn AnySnapshot>,
    options: &IndexOptions,
    leaf: &Hash,
) -> Result<Option<u64>, IndexError> {
    let options = options.clone().rebuild(false);
    IndexView::open(&options, Arc::clone(tree))?.find(leaf)
}

/// The first leaf from `start` on with this value.
fn scan(snapshot: &dyn AnySnapshot, start: u64, leaf: &Hash) -> Result<Option<u64>, Failure> {
    let size = snapshot.size();
    let mut bar = Progress::new("scanning", Unit::Leaves, Some(size));
    let mut piece = vec![[0; 32]; PIECE.min(size - start) as usize];
    for start in (start..size).step_by(PIECE as usize) {
        piece.truncate((size - start).min(PIECE) as usize);
        snapshot.read_nodes(0, start, &mut piece)?;
        if let Some(at) = piece.iter().position(|there| there == leaf) {
            return Ok(Some(start + at as u64));
        }
        bar.set(start);
    }
    Ok(None)
}
