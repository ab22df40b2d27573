//! [`GroupState`]: the state of a hasher after the first children of a growing group.
//!
//! The hasher gives the value its meaning; the tree keeps one per level.

/// The state of a hasher after the first children of a group. With it, hashing the group with one
/// more child does not start from the first child.
///
/// The default value has absorbed nothing. Each hasher defines the meaning of
/// [`words`](Self::words): pass a state only to a hasher that behaves like the one that made it.
/// See [`Hasher::hash_resuming`](crate::Hasher::hash_resuming). 68 bytes, never stored on disk.
///
/// # Example
///
/// ```
/// use rotortree_hasher::GroupState;
///
/// let fresh = GroupState::default();
/// assert_eq!(fresh.absorbed(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    pub(crate) absorbed: u32,
    pub(crate) words: [u32; 16],
}

impl GroupState {
    /// A state that has absorbed the first `absorbed` children and keeps `words` of them.
    #[must_use]
    pub fn new(absorbed: u32, words: [u32; 16]) -> Self {
        Self { absorbed, words }
    }

    /// The number of leading children that [`words`](Self::words) stands for.
    #[must_use]
    pub fn absorbed(&self) -> u32 {
        self.absorbed
    }

    /// The hasher's intermediate state after [`absorbed`](Self::absorbed) children.
    #[must_use]
    pub fn words(&self) -> [u32; 16] {
        self.words
    }
}
