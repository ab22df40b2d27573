//! [`find`]: the index of a leaf, and [`Index`], which may know it.

use rotortree::{AnySnapshot, Hash, IndexError, IndexView, LeafIndex};

use crate::{
    problem::{Code, Problem},
    source::Source,
};

/// Leaves that are read at once.
const RUN: usize = 4096;

/// An index of the leaves.
pub(crate) enum Index {
    /// That of the tree, a part of each insert.
    Hook(LeafIndex),
    /// One beside a view.
    View(IndexView),
}

impl Index {
    /// The smallest index of a leaf, which may not be durable yet.
    pub(crate) fn find(&self, source: &Source, leaf: &Hash) -> Result<Option<u64>, IndexError> {
        match self {
            Self::Hook(index) => index.find(leaf),
            Self::View(index) => {
                let now = source.snapshot();
                if index.covered() < now.size() {
                    index.advance(now)?;
                }
                index.find(leaf)
            }
        }
    }
}

/// A leaf that was looked for.
pub(crate) struct Sought {
    /// Its smallest index, if the durable tree has it.
    pub(crate) index: Option<u64>,
    /// How it was looked for.
    pub(crate) by: &'static str,
    /// Leaves that were read.
    pub(crate) scanned: u64,
}

/// The leaf that an index was asked for, or that is looked for among the first `most` leaves.
pub(crate) fn find(
    indexed: Option<Option<u64>>,
    snapshot: &dyn AnySnapshot,
    leaf: &Hash,
    most: u64,
) -> Result<Sought, Problem> {
    if let Some(index) = indexed {
        return Ok(Sought {
            // An index may know leaves before they are durable.
            index: index.filter(|index| *index < snapshot.size()),
            by: "index",
            scanned: 0,
        });
    }
    let end = snapshot.size().min(most);
    let mut run = vec![[0; 32]; RUN];
    let mut start = 0;
    while start < end {
        let len = (end - start).min(RUN as u64);
        // At most the length of the buffer.
        let run = &mut run[..len as usize];
        snapshot.read_nodes(0, start, run)?;
        if let Some(at) = run.iter().position(|other| other == leaf) {
            let index = start + at as u64;
            return Ok(Sought {
                index: Some(index),
                by: "scan",
                scanned: index + 1,
            });
        }
        start += len;
    }
    if end < snapshot.size() {
        let message = format!(
            "the first {end} leaves are others; the tree has {}, and the server has no index",
            snapshot.size()
        );
        return Err(Problem::new(Code::NoIndex, message)
            .next("ask by index, or have the operator start the server with an index"));
    }
    Ok(Sought {
        index: None,
        by: "scan",
        scanned: end,
    })
}
