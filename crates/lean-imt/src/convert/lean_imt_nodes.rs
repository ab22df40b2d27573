//! [`LeanImtNodes`]: all nodes of a tree, as the JavaScript LeanIMT exports them.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use crate::{LeanIMT, TreeError, TreeSnapshot, geometry};

/// What `export()` of the binary LeanIMT in JavaScript (`@zk-kit/lean-imt`, and Semaphore's
/// `Group`) writes, and `import()` reads: every node, level by level, the lifted ones included.
///
/// With the feature `serde` its JSON is theirs, `[["1","2","3"],["..","3"],[".."]]`: numbers in
/// decimal strings. It reads every form that [`LeanImtProof`](crate::LeanImtProof) reads, and 64
/// decimal digits that do not start with 0 as a decimal number, since `export()` writes it so.
///
/// `import()` in JavaScript believes the nodes. [`to_tree`](Self::to_tree) computes all of them.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, LeanImtNodesError};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let mut nodes = tree.snapshot().to_lean_imt_nodes()?;
/// assert_eq!(nodes.levels.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 1]);
///
/// let same: LeanIMT<_, 2, 32> = nodes.to_tree(Blake3Hasher)?;
/// assert_eq!(same.root(), tree.root());
/// nodes.levels[1][1] = [4; 32];
/// let refused = nodes.to_tree::<_, 32>(Blake3Hasher).err();
/// assert_eq!(refused, Some(LeanImtNodesError::Node { level: 1, index: 1 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeanImtNodes {
    /// The nodes of each level, the leaves first. A tree without leaves has one empty level.
    pub levels: Vec<Vec<Hash>>,
}

/// Why [`LeanImtNodes`] are not those of a tree.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanImtNodes, LeanImtNodesError};
///
/// let nodes = LeanImtNodes { levels: vec![vec![[1; 32], [2; 32]]] };
/// let refused = nodes.to_tree::<_, 32>(Blake3Hasher).err();
/// assert_eq!(refused, Some(LeanImtNodesError::Depth { expected: 1, actual: 0 }));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LeanImtNodesError {
    /// The leaves are refused by the tree, for example because one is no input of its hasher.
    #[error(transparent)]
    Leaves(#[from] TreeError),
    /// There are not as many levels above the leaves as a tree of these leaves has.
    #[error("these leaves have {expected} levels above them, and {actual} are given")]
    Depth {
        /// Levels above the leaves of this many leaves.
        expected: usize,
        /// Levels given.
        actual: usize,
    },
    /// A level has not as many nodes as follow from the leaves.
    #[error("level {level} has {expected} nodes, and {actual} are given")]
    LevelLen {
        /// The level.
        level: usize,
        /// Nodes of the level.
        expected: u64,
        /// Nodes given.
        actual: u64,
    },
    /// A node is not the hash of its children, or not its lifted child.
    #[error("node {index} of level {level} does not follow from its children")]
    Node {
        /// The level.
        level: usize,
        /// The node's index in the level.
        index: u64,
    },
}

impl LeanImtNodes {
    /// The tree of the leaves, whose other nodes are computed and compared with the given ones.
    ///
    /// # Errors
    /// Those of [`LeanImtNodesError`], which name the first difference, the lowest level first.
    pub fn to_tree<H: Hasher, const MAX_DEPTH: usize>(
        &self,
        hasher: H,
    ) -> Result<LeanIMT<H, 2, MAX_DEPTH>, LeanImtNodesError> {
        let mut tree = LeanIMT::new(hasher);
        let leaves = self.levels.first().map_or(&[][..], Vec::as_slice);
        let expected = geometry::depth::<2>(leaves.len() as u64);
        let actual = self.levels.len().saturating_sub(1);
        if expected != actual {
            return Err(LeanImtNodesError::Depth { expected, actual });
        }
        if leaves.is_empty() {
            return Ok(tree);
        }
        tree.insert_many(leaves)?;
        let snapshot = tree.snapshot();
        let mut computed = Vec::new();
        for (level, given) in self.levels.iter().enumerate().skip(1) {
            let (expected, actual) = (snapshot.level_len(level), given.len() as u64);
            if expected != actual {
                return Err(LeanImtNodesError::LevelLen {
                    level,
                    expected,
                    actual,
                });
            }
            computed.resize(given.len(), [0; 32]);
            snapshot.read_nodes(level, 0, &mut computed)?;
            if let Some(index) = computed.iter().zip(given).position(|(a, b)| a != b) {
                let index = index as u64;
                return Err(LeanImtNodesError::Node { level, index });
            }
        }
        Ok(tree)
    }
}

impl<const MAX_DEPTH: usize> TreeSnapshot<2, MAX_DEPTH> {
    /// All nodes in the form of the JavaScript LeanIMT: 64 bytes a leaf.
    ///
    /// # Errors
    /// [`TreeError::NodeUnavailable`], [`TreeError::CapacityExceeded`] if memory is short.
    pub fn to_lean_imt_nodes(&self) -> Result<LeanImtNodes, TreeError> {
        let level = |level| {
            let mut nodes = Vec::new();
            let len = usize::try_from(self.level_len(level));
            let len = len.map_err(|_| TreeError::CapacityExceeded)?;
            nodes
                .try_reserve_exact(len)
                .map_err(|_| TreeError::CapacityExceeded)?;
            nodes.resize(len, [0; 32]);
            self.read_nodes(level, 0, &mut nodes)?;
            Ok(nodes)
        };
        let levels = (0..=self.depth()).map(level).collect::<Result<_, _>>()?;
        Ok(LeanImtNodes { levels })
    }
}
