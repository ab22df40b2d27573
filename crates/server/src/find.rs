//! [`find`]: the index of a leaf.

use rotortree::{AnySnapshot, Hash, LeafIndex};

use crate::problem::{Code, Problem};

/// Leaves that are read at once.
const RUN: usize = 4096;

/// A leaf that was looked for.
pub(crate) struct Sought {
    /// Its smallest index, if the durable tree has it.
    pub(crate) index: Option<u64>,
    /// How it was looked for.
    pub(crate) by: &'static str,
    /// Leaves that were read.
    pub(crate) scanned: u64,
}

/// Looks for a leaf: in the index, or among the first `most` leaves.
pub(crate) fn find(
    index: Option<&LeafIndex>,
    snapshot: &dyn AnySnapshot,
    leaf: &Hash,
    most: u64,
) -> Result<Sought, Problem> {
    if let Some(index) = index {
        return Ok(Sought {
            // The index knows leaves before they are durable.
            index: index.find(leaf)?.filter(|index| *index < snapshot.size()),
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
