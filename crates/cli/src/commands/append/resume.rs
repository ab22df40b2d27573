//! [`Resume`]: the leaves that the input and the tree have in common.

use std::sync::Arc;

use rotortree::{AnySnapshot, Hash, Hex};

use crate::failure::{Code, Failure};

/// Leaves that are read from the tree at once.
const PIECE: usize = 4096;

/// Compares the input with the tree, leaf by leaf.
pub(super) struct Resume {
    tree: Arc<dyn AnySnapshot>,
    /// Leaves compared so far.
    compared: u64,
    there: Vec<Hash>,
}

impl Resume {
    pub(super) fn new(tree: Arc<dyn AnySnapshot>) -> Self {
        Self {
            tree,
            compared: 0,
            there: vec![[0; 32]; PIECE],
        }
    }

    /// The leaves of the next batch of the input that the tree does not have.
    pub(super) fn new_leaves<'a>(
        &mut self,
        mut batch: &'a [Hash],
        name: &str,
    ) -> Result<&'a [Hash], Failure> {
        while !batch.is_empty() && self.compared < self.tree.size() {
            let left = self.tree.size() - self.compared;
            let count = PIECE
                .min(batch.len())
                .min(usize::try_from(left).unwrap_or(PIECE));
            let there = &mut self.there[..count];
            self.tree.read_nodes(0, self.compared, there)?;
            let (here, rest) = batch.split_at(count);
            if let Some(at) = here
                .iter()
                .zip(&*there)
                .position(|(here, there)| here != there)
            {
                return Err(self.differ(at, &here[at], name));
            }
            self.compared += count as u64;
            batch = rest;
        }
        Ok(batch)
    }

    fn differ(&self, at: usize, here: &Hash, name: &str) -> Failure {
        let sentence = format!(
            "{name}: leaf {} is {}, but the tree has {} there",
            self.compared + at as u64,
            Hex(*here),
            Hex(self.there[at])
        );
        Failure::new(Code::Differs, sentence).next(
            "nothing was appended: give the input that the tree was made of, or another place",
        )
    }
}
