//! [`Group`]: a Semaphore group.

use core::fmt;

use rotortree_hasher::Hash;
use rotortree_lean_imt::{LeanIMT, LeanImtNodes, LeanImtNodesError, TreeError};

use crate::hasher::PoseidonHasher;

/// Levels of the deepest tree that Semaphore's circuits take.
const MAX_DEPTH: usize = 32;

/// A group of Semaphore 4 (`@semaphore-protocol/group`): a binary LeanIMT over Poseidon, whose
/// members are identity commitments.
///
/// Like theirs it takes a member more than once and refuses zero, which stands for a removed
/// member. Members cannot be removed; `docs/interop.md` in the repository says what works instead.
///
/// ```
/// use rotortree_poseidon::{Group, GroupError};
///
/// let mut group = Group::new();
/// group.add_members(&[[1; 32], [2; 32], [1; 32]])?;
/// assert_eq!(group.add_members(&[[3; 32], [0; 32]]), Err(GroupError::ZeroMember { index: 4 }));
/// assert_eq!(group.tree().size(), 3, "nothing was added");
///
/// let same = Group::import(&group.export()?)?;
/// assert_eq!(same.tree().root(), group.tree().root());
/// # Ok::<(), GroupError>(())
/// ```
pub struct Group {
    tree: LeanIMT<PoseidonHasher, 2, MAX_DEPTH>,
}

/// Why a group refuses members or an import.
///
/// ```
/// use rotortree_poseidon::{Group, GroupError};
///
/// let error = Group::new().add_members(&[[0; 32]]).unwrap_err();
/// assert_eq!(error, GroupError::ZeroMember { index: 0 });
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GroupError {
    /// A new member is zero.
    ZeroMember {
        /// The index that the member would have.
        index: u64,
    },
    /// An imported group has a removed member, which an append-only tree could not have.
    RemovedMember {
        /// The index of the member that was removed first, in the order of the group.
        index: u64,
    },
    /// Imported nodes are not those of a tree.
    Nodes(LeanImtNodesError),
    /// The tree refuses, for example a member that is not a canonical number.
    Tree(TreeError),
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroMember { index } => {
                write!(
                    f,
                    "member {index} is zero, which stands for a removed member"
                )
            }
            Self::RemovedMember { index } => write!(
                f,
                "member {index} was removed; an append-only tree has no removals: import the \
                 remaining members into a new group"
            ),
            Self::Nodes(error) => error.fmt(f),
            Self::Tree(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for GroupError {}

impl From<TreeError> for GroupError {
    fn from(error: TreeError) -> Self {
        Self::Tree(error)
    }
}

impl Group {
    /// A group without members.
    #[must_use]
    pub fn new() -> Self {
        let tree = LeanIMT::new(PoseidonHasher::new());
        Self { tree }
    }

    /// Adds members and returns the new root. All are added or none.
    ///
    /// # Errors
    /// [`GroupError::ZeroMember`]; [`GroupError::Tree`] for no members at all, or a number that is
    /// not below the order of the field.
    pub fn add_members(&mut self, members: &[Hash]) -> Result<Hash, GroupError> {
        if let Some(index) = zero(members) {
            let index = self.tree.size() + index;
            return Err(GroupError::ZeroMember { index });
        }
        Ok(self.tree.insert_many(members)?)
    }

    /// The group of an export. Every node is computed and compared.
    ///
    /// # Errors
    /// [`GroupError::RemovedMember`], and [`GroupError::Nodes`] with the first node that does not
    /// follow from the members.
    pub fn import(nodes: &LeanImtNodes) -> Result<Self, GroupError> {
        if let Some(index) = nodes.levels.first().and_then(|members| zero(members)) {
            return Err(GroupError::RemovedMember { index });
        }
        let tree = nodes.to_tree(PoseidonHasher::new());
        let tree = tree.map_err(GroupError::Nodes)?;
        Ok(Self { tree })
    }

    /// Every node, for `Group.import()`.
    ///
    /// # Errors
    /// [`GroupError::Tree`] if memory is short.
    pub fn export(&self) -> Result<LeanImtNodes, GroupError> {
        Ok(self.tree.snapshot().to_lean_imt_nodes()?)
    }

    /// The tree of the members: its proofs, snapshots and sizes.
    #[must_use]
    pub fn tree(&self) -> &LeanIMT<PoseidonHasher, 2, MAX_DEPTH> {
        &self.tree
    }
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({:?})", self.tree.head())
    }
}

/// The index of the first zero.
fn zero(members: &[Hash]) -> Option<u64> {
    let index = members.iter().position(|member| *member == [0; 32])?;
    Some(index as u64)
}
