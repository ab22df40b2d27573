//! The part of an index in the inserts of its tree.

use rotortree_hasher::Hash;
use rotortree_store::{InsertHook, Published, Refusal, RefusalReason, RotorTreeError};

use crate::{
    IndexError,
    inner::{Inner, Open},
    opening::check_size,
    saving::Moment,
    staging::{Batch, Repeated, Repeats, Staging},
    threads::lock,
};

impl InsertHook for Inner {
    fn opened(&self, tree: Published) -> Result<(), RotorTreeError> {
        Ok(self.open_with(tree)?)
    }

    /// Searches the batch and adds its entries.
    fn check(&self, first: u64, leaves: &[Hash]) -> Result<(), RotorTreeError> {
        let open = self.open()?;
        let mut staging = lock(&open.staging);
        // Those of an insert that failed behind its check.
        staging.take_out(&open.table);
        if first != staging.covered() {
            let index = first.min(staging.covered());
            return Err(IndexError::Disagrees { index }.into());
        }
        check_size(first.saturating_add(leaves.len() as u64))?;
        let checked = self.add(open, &mut staging, first, leaves);
        if checked.is_err() {
            staging.take_out(&open.table);
        }
        checked
    }

    fn inserted(&self, _: u64, _: &[Hash]) {
        if let Ok(open) = self.open() {
            lock(&open.staging).settle();
        }
    }

    fn checkpointed(&self) {
        self.save_at(Moment::Checkpoint);
    }

    fn closed(&self) {
        self.save_at(Moment::Close);
    }
}

impl Inner {
    /// Takes a batch on, or tells the first leaf that is refused.
    fn add(
        &self,
        open: &Open,
        staging: &mut Staging,
        first: u64,
        leaves: &[Hash],
    ) -> Result<(), RotorTreeError> {
        let options = self.options();
        let zero = options
            .refuse_zero
            .then(|| leaves.iter().position(|leaf| *leaf == [0; 32]))
            .flatten();
        let snapshot = open.tree.snapshot();
        let batch = Batch {
            first,
            leaves: &leaves[..zero.unwrap_or(leaves.len())],
            read: |index| snapshot.get_leaf(index),
            repeats: if options.refuse_duplicates {
                Repeats::Refused
            } else {
                Repeats::Kept
            },
        };
        match (staging.add(&open.table, &batch)?, zero) {
            (Some(Repeated { position, index }), _) => {
                let reason = match index.checked_sub(first) {
                    Some(earlier) => RefusalReason::DuplicateInBatch {
                        position: earlier as usize,
                    },
                    None => RefusalReason::Duplicate { index },
                };
                Err(Refusal::new(position, reason).into())
            }
            (None, Some(position)) => Err(Refusal::new(position, RefusalReason::Zero).into()),
            (None, None) => Ok(()),
        }
    }
}
