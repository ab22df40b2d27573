//! [`Position`]: a point in the log, and the tree there.

/// A point in the log between two batches: the state after the batch that ends at `sequence`.
///
/// ```
/// use rotortree_wal::Position;
///
/// assert_eq!(Position::START, Position { sequence: 0, size: 0, root: [0; 32] });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The sequence of the batch's last record; 0 before the first record.
    pub sequence: u64,
    /// Leaves in the tree.
    pub size: u64,
    /// Root of the tree. It is written as zeros if the size is 0.
    pub root: [u8; 32],
}

impl Position {
    /// Before the first record of an empty tree.
    pub const START: Self = Self {
        sequence: 0,
        size: 0,
        root: [0; 32],
    };

    /// The root as it is written: an empty tree has none.
    pub(crate) fn written_root(&self) -> [u8; 32] {
        if self.size == 0 { [0; 32] } else { self.root }
    }
}
