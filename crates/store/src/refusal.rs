//! [`Refusal`]: a leaf that an insert hook refused, and why.

use std::error::Error;

/// A leaf that an [`InsertHook`](crate::InsertHook) refused. The whole insert was refused with it and changed nothing.
#[derive(Debug, thiserror::Error)]
#[error("leaf {position} of the batch was refused, and nothing was inserted: {reason}")]
#[non_exhaustive]
pub struct Refusal {
    /// Its position in the batch, from 0.
    pub position: usize,
    /// Why.
    pub reason: RefusalReason,
}

impl Refusal {
    /// A refusal of the leaf at `position` of the batch.
    pub fn new(position: usize, reason: impl Into<RefusalReason>) -> Self {
        Self {
            position,
            reason: reason.into(),
        }
    }
}

/// Why an [`InsertHook`](crate::InsertHook) refused a leaf.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The tree has the same leaf.
    #[error("the tree has the same leaf at index {index}")]
    Duplicate {
        /// Where the tree has it.
        index: u64,
    },
    /// An earlier leaf of the batch is the same.
    #[error("leaf {position} of the batch is the same")]
    DuplicateInBatch {
        /// The position of the earlier leaf.
        position: usize,
    },
    /// All bytes of the leaf are zero.
    #[error("it is zero")]
    Zero,
    /// A reason of the hook's own.
    #[error("{0}")]
    Other(Box<dyn Error + Send + Sync>),
}

impl From<&str> for RefusalReason {
    fn from(reason: &str) -> Self {
        Self::Other(reason.into())
    }
}
