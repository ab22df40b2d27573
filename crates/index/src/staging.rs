//! [`Staging`]: a batch on its way into the table.
//!
//! Each leaf of a batch is searched and gets its entry at once, before the tree changes: its bucket
//! is fetched once, and a leaf that a batch has twice finds its own entry. Lookups do not see these
//! entries before the tree has the leaves, since they look at indices below the size of a snapshot
//! alone. The entries of a batch that is refused, or that the tree does not take, are taken out
//! again.

mod batch;
mod run;
mod share;
mod sorted;

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

pub(crate) use self::batch::{Batch, Repeated, Repeats};
use self::sorted::Sorted;
use crate::table::Table;

/// The batch whose entries are in the table, and whose leaves the tree may still not take.
pub(crate) struct Staging {
    /// The leaves of the tree that the table covers: those before the batch.
    covered: u64,
    /// Those among them that have an entry.
    distinct: u64,
    /// The batch; empty where none is on its way.
    sorted: Sorted,
}

impl Staging {
    /// No batch is on its way behind so many leaves, of which so many have an entry.
    pub(crate) fn new(covered: u64, distinct: u64) -> Self {
        Self {
            covered,
            distinct,
            sorted: Sorted::default(),
        }
    }

    /// The leaves of the tree that the table covers.
    pub(crate) fn covered(&self) -> u64 {
        self.covered
    }

    /// The leaves among them that differ from every leaf before them.
    pub(crate) fn distinct(&self) -> u64 {
        self.distinct
    }

    /// Searches the leaves of a batch, and adds their entries to the table. The first leaf that is
    /// refused, if there is one: call [`take_out`](Self::take_out) then, and after an error.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory, or the error of a leaf that cannot be read.
    pub(crate) fn add<R>(
        &mut self,
        table: &Table,
        batch: &Batch<'_, R>,
    ) -> Result<Option<Repeated>, TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError> + Sync,
    {
        debug_assert_eq!((self.sorted.len(), self.covered), (0, batch.first));
        self.sorted.sort(table.key(), batch.first, batch.leaves)?;
        self.sorted.add(table, batch)
    }

    /// The tree has taken the batch.
    pub(crate) fn settle(&mut self) {
        self.covered += self.sorted.len();
        self.distinct += self.sorted.entries();
        self.sorted.clear();
    }

    /// Takes the entries of a batch out that the tree has not taken.
    pub(crate) fn take_out(&mut self, table: &Table) {
        self.sorted.take_out(table);
        self.sorted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    /// Leaves for which several threads work; each third one is the first one again.
    fn leaves() -> Vec<Hash> {
        let leaf = |number: u64| {
            let mut leaf = [7; 32];
            let number = if number.is_multiple_of(3) { 0 } else { number };
            leaf[..8].copy_from_slice(&number.to_le_bytes());
            leaf
        };
        (0..90_000).map(leaf).collect()
    }

    fn batch(first: u64, leaves: &[Hash]) -> Batch<'_, impl Fn(u64) -> Result<Hash, TreeError>> {
        Batch {
            first,
            leaves,
            // Of the batch before, which has the same leaves.
            read: |index| Ok(leaves[index as usize]),
            repeats: Repeats::Kept,
        }
    }

    #[test]
    fn a_large_batch_is_in_the_table_once_it_is_added_and_in_none_once_it_is_taken_out() {
        let table = Table::new(Key::from_bytes([1; 16]));
        let (mut staging, leaves) = (Staging::new(0, 0), leaves());
        for _ in 0..4 {
            let taken = staging.add(&table, &batch(0, &leaves)).unwrap();
            assert_eq!(taken, None);
            staging.take_out(&table);
            assert_eq!((table.entries(), staging.covered()), (0, 0));
        }
        staging.add(&table, &batch(0, &leaves)).unwrap();
        staging.settle();
        assert_eq!((table.entries(), staging.covered()), (60_001, 90_000));
        assert_eq!(staging.distinct(), 60_001);
        staging.add(&table, &batch(90_000, &leaves)).unwrap();
        staging.settle();
        assert_eq!((table.entries(), staging.covered()), (60_001, 180_000));
        let mut refusing = batch(180_000, &leaves);
        refusing.repeats = Repeats::Refused;
        let first = Repeated {
            position: 0,
            index: 0,
        };
        let bytes = table.memory_bytes();
        assert_eq!(staging.add(&table, &refusing).unwrap(), Some(first));
        staging.take_out(&table);
        assert!(table.memory_bytes() <= bytes, "room for a refused batch");
        assert_eq!((table.entries(), staging.distinct()), (60_001, 60_001));
    }
}
