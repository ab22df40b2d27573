//! [`open`]: an index for a tree as it is, from its file, from its leaves, or from both.

use std::{ops::ControlFlow, sync::Arc};

use rotortree_hasher::Hash;
use rotortree_lean_imt::{AnySnapshot, TreeError};

use crate::{
    FileFault, IndexError, IndexOptions, IndexReport,
    file::{IndexFile, Unused, check_outside},
    key::Key,
    layout::MAX_INDEX_BITS,
    staging::{Batch, Repeats, Staging},
    table::Table,
    threads::{in_parallel, threads},
};

/// Leaves that are read at once: 4 MiB.
const BLOCK: usize = 1 << 17;

/// The most leaves.
const MAX_LEAVES: u64 = 1 << MAX_INDEX_BITS;

/// Refuses a tree with more leaves than an index tells apart.
pub(crate) fn check_size(size: u64) -> Result<(), IndexError> {
    if size > MAX_LEAVES {
        return Err(IndexError::TooManyLeaves { max: MAX_LEAVES });
    }
    Ok(())
}

/// An index that covers a tree.
pub(crate) struct Opened {
    pub(crate) table: Arc<Table>,
    pub(crate) staging: Staging,
    pub(crate) report: IndexReport,
}

/// Told how many leaves of the tree are covered by now. It may end the work.
pub(crate) type Pace<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// Opens the index of a tree.
pub(crate) fn open(
    options: &IndexOptions,
    tree: &dyn AnySnapshot,
    pace: Pace<'_>,
) -> Result<Opened, IndexError> {
    let size = tree.size();
    check_size(size)?;
    let mut fault = None;
    let mut loaded = None;
    if let Some(path) = &options.file {
        check_outside(path)?;
        let file = IndexFile::open(path, tree);
        match file.and_then(|file| Ok((file.table()?, file.size()))) {
            Ok(table) => loaded = Some(table),
            Err(Unused::Tree(error)) => return Err(error),
            Err(Unused::Fault(fault)) if !options.rebuild && size > 0 => {
                return Err(IndexError::File {
                    path: path.clone(),
                    fault,
                });
            }
            Err(Unused::Fault(found)) => fault = Some(found),
        }
    }
    let (table, covered) = match loaded {
        Some(loaded) => loaded,
        None => {
            let table = Table::new(Key::random().map_err(IndexError::Random)?);
            table.reserve(size)?;
            (table, 0)
        }
    };
    let table = Arc::new(table);
    let mut staging = Staging::new(covered, table.entries());
    add(&table, &mut staging, tree, pace)?;
    table.fit()?;
    let report = IndexReport {
        loaded: covered,
        added: size - covered,
        fault: fault.filter(|fault| size > 0 || !matches!(fault, FileFault::Missing)),
        duplicates: size - table.entries(),
    };
    Ok(Opened {
        table,
        staging,
        report,
    })
}

/// Adds the leaves of a tree that the table does not cover.
pub(crate) fn add(
    table: &Arc<Table>,
    staging: &mut Staging,
    tree: &dyn AnySnapshot,
    pace: Pace<'_>,
) -> Result<(), IndexError> {
    let mut block: Vec<Hash> = Vec::new();
    for first in (staging.covered()..tree.size()).step_by(BLOCK) {
        let len = (tree.size() - first).min(BLOCK as u64) as usize;
        block.resize(len, [0; 32]);
        read(tree, first, &mut block)?;
        let batch = Batch {
            first,
            leaves: &block,
            read: |index| tree.get_leaf(index),
            repeats: Repeats::Kept,
        };
        staging.add(table, &batch)?;
        staging.settle();
        if pace(first + len as u64).is_break() {
            return Err(IndexError::Stopped);
        }
    }
    Ok(())
}

/// Reads the leaves from `first` on, on several threads.
fn read(tree: &dyn AnySnapshot, first: u64, leaves: &mut [Hash]) -> Result<(), TreeError> {
    let threads = threads(leaves.len() as u64);
    let share = leaves.len().div_ceil(threads);
    let shares = (first..).step_by(share).zip(leaves.chunks_mut(share));
    let outcomes = in_parallel(threads, shares, |(first, leaves)| {
        tree.read_nodes(0, first, leaves)
    });
    outcomes.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_leaves_than_an_index_tells_apart_are_refused() {
        assert!(check_size(MAX_LEAVES).is_ok());
        let refused = check_size(MAX_LEAVES + 1);
        assert!(matches!(
            refused,
            Err(IndexError::TooManyLeaves { max: MAX_LEAVES })
        ));
    }
}
