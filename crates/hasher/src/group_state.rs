//! [`GroupState`]: the state of a hasher after the first children of a growing group.
//!
//! The hasher gives the value its meaning; the tree keeps one per level.

/// The state of a hasher after the first children of a group. With it, hashing the group with one
/// more child does not start from the first child.
///
/// The default value has absorbed nothing. Each hasher defines the meaning of `words`: pass a state
/// only to a hasher that behaves like the one that made it. See
/// [`Hasher::hash_resuming`](crate::Hasher::hash_resuming). 68 bytes, never stored on disk.
///
/// # Example
///
/// ```
/// use rotortree_hasher::GroupState;
///
/// let fresh = GroupState::default();
/// assert_eq!(fresh.absorbed, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// Number of leading children that `words` stands for.
    pub absorbed: u32,
    /// The hasher's intermediate state after `absorbed` children.
    pub words: [u32; 16],
}
