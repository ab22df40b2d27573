//! [`Leaves`]: an iterator over a range of leaves, which outlives its snapshot.

use alloc::{sync::Arc, vec, vec::Vec};
use core::{
    fmt,
    ops::{Bound, Range, RangeBounds},
};
use rotortree_hasher::Hash;

use crate::{NodeSource, TreeError};

/// Leaves read at a time.
const PIECE: u64 = 128;

/// Iterator over a range of leaves; see [`TreeSnapshot::leaves`](crate::TreeSnapshot::leaves).
///
/// The type does not depend on N: leaves are complete nodes, so the iterator needs no edge nodes.
/// It yields one item for each leaf of the range, whether the leaf can be read or not, so its
/// length is exact.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let leaves = tree.snapshot().leaves(1..)?;
/// assert_eq!(leaves.size_hint(), (2, Some(2)));
/// assert_eq!(leaves.collect::<Result<Vec<_>, _>>()?, [[2; 32], [3; 32]]);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
pub struct Leaves {
    nodes: Arc<dyn NodeSource>,
    /// The range that is not read yet.
    range: Range<u64>,
    piece: Vec<Hash>,
    /// Place of the next leaf in the piece.
    at: usize,
}

impl Leaves {
    pub(crate) fn new(
        nodes: Arc<dyn NodeSource>,
        size: u64,
        range: impl RangeBounds<u64>,
    ) -> Result<Self, TreeError> {
        let (start, end) = bounds(size, range);
        match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= size => Ok(Self {
                nodes,
                range: start..end,
                piece: Vec::new(),
                at: 0,
            }),
            _ => {
                let reached = |bound: Option<u64>| bound.unwrap_or(u64::MAX);
                let index = reached(start).max(reached(end));
                Err(TreeError::IndexOutOfRange { index, size })
            }
        }
    }

    /// Reads the next `count` leaves.
    fn read(&mut self, count: u64) -> Result<(), TreeError> {
        // `count` is at most PIECE.
        self.piece = vec![[0; 32]; count as usize];
        self.at = 0;
        let read = self.nodes.read(0, self.range.start, &mut self.piece);
        if read.is_err() {
            self.piece.clear();
        }
        read
    }

    fn left(&self) -> u64 {
        (self.range.end - self.range.start) + (self.piece.len() - self.at) as u64
    }
}

/// First index and end of a range of leaves; `None` for a bound beyond `u64`.
pub(crate) fn bounds(size: u64, range: impl RangeBounds<u64>) -> (Option<u64>, Option<u64>) {
    let start = match range.start_bound() {
        Bound::Included(&start) => Some(start),
        Bound::Excluded(&before) => before.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.checked_add(1),
        Bound::Excluded(&end) => Some(end),
        Bound::Unbounded => Some(size),
    };
    (start, end)
}

impl Iterator for Leaves {
    type Item = Result<Hash, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.piece.len() {
            let mut count = (self.range.end - self.range.start).min(PIECE);
            if count == 0 {
                return None;
            }
            let mut outcome = self.read(count);
            if outcome.is_err() && count > 1 {
                // One of the leaves cannot be read. Reading them one by one finds which.
                count = 1;
                outcome = self.read(count);
            }
            self.range.start += count;
            if let Err(error) = outcome {
                return Some(Err(error));
            }
        }
        let leaf = self.piece[self.at];
        self.at += 1;
        Some(Ok(leaf))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left());
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

/// Only where every number of leaves is a `usize`.
#[cfg(target_pointer_width = "64")]
impl ExactSizeIterator for Leaves {}

impl core::iter::FusedIterator for Leaves {}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaves")
            .field("left", &self.left())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blake3Hasher, LeanIMT, TreeError, reference::sample_leaves};

    #[test]
    fn every_form_of_range_gives_its_leaves_with_an_exact_size() {
        let all = sample_leaves(1, 300);
        let mut tree = LeanIMT::<_, 3, 32>::new(Blake3Hasher);
        tree.insert_many(&all).unwrap();
        let snapshot = tree.snapshot();
        let check = |leaves: Result<Leaves, TreeError>, expected: &[Hash]| {
            let mut leaves = leaves.unwrap();
            for (at, leaf) in expected.iter().enumerate() {
                let left = expected.len() - at;
                assert_eq!(leaves.size_hint(), (left, Some(left)));
                assert_eq!(leaves.next().unwrap().unwrap(), *leaf);
            }
            assert_eq!(leaves.size_hint(), (0, Some(0)));
            assert!(leaves.next().is_none() && leaves.next().is_none());
        };
        check(snapshot.leaves(..), &all);
        check(snapshot.leaves(7..), &all[7..]);
        check(snapshot.leaves(..7), &all[..7]);
        check(snapshot.leaves(..=299), &all);
        check(snapshot.leaves(127..=129), &all[127..=129]);
        check(snapshot.leaves(300..), &[]);
        check(
            snapshot.leaves((Bound::Excluded(1), Bound::Unbounded)),
            &all[2..],
        );
        let empty = LeanIMT::<_, 3, 32>::new(Blake3Hasher).snapshot();
        check(empty.leaves(..), &[]);
        let refused = [
            snapshot.leaves(..301),
            snapshot.leaves(..=300),
            snapshot.leaves(301..),
            snapshot.leaves(..=u64::MAX),
            #[expect(clippy::reversed_empty_ranges, reason = "it is to be refused")]
            snapshot.leaves(8..7),
            snapshot.leaves((Bound::Excluded(u64::MAX), Bound::Unbounded)),
        ];
        for refused in refused {
            assert!(matches!(
                refused,
                Err(TreeError::IndexOutOfRange { size: 300, .. })
            ));
        }
        for (index, leaf) in (0..).zip(&all) {
            assert_eq!(snapshot.get_leaf(index).unwrap(), *leaf);
        }
        assert!(snapshot.get_leaf(300).is_err());
    }

    /// Leaves, one of which cannot be read.
    #[derive(Debug)]
    struct Hole(u64);

    impl NodeSource for Hole {
        fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
            if (start..start + out.len() as u64).contains(&self.0) {
                return Err(TreeError::IndexOutOfRange {
                    index: self.0,
                    size: level as u64,
                });
            }
            out.fill([1; 32]);
            Ok(())
        }
    }

    #[test]
    fn a_leaf_that_cannot_be_read_is_one_item_among_all() {
        for hole in [0, 1, 127, 128, 200, 299] {
            let leaves = Leaves::new(Arc::new(Hole(hole)), 300, ..).unwrap();
            let errors: Vec<_> = leaves.map(|leaf| leaf.is_err()).collect();
            assert_eq!(errors.len(), 300);
            for (index, is_error) in (0..).zip(errors) {
                assert_eq!(is_error, index == hole, "{index}");
            }
        }
    }
}
