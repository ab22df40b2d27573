//! [`GroupState`]: what a hasher keeps of the first children of a growing group.
//!
//! A plain value: its meaning is the hasher's, and who keeps it (one per level) is the tree.

/// What a hasher keeps of the first children of a group, so that hashing the same group with one
/// more child does not start again.
///
/// The default value has absorbed nothing. The meaning of `words` is the hasher's own: a state
/// goes only to a hasher that behaves like the one that left it. See
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
    /// How many leading children of the group `words` stands for.
    pub absorbed: u32,
    /// The hasher's intermediate state after `absorbed` children.
    pub words: [u32; 16],
}
