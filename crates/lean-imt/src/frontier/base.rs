//! A frontier as the base of a node store: a tree that started from a frontier has no other nodes
//! of its first leaves.

use alloc::vec::Vec;
use rotortree_hasher::Hash;

use crate::{NodeFailure, NodeSource, TreeError, geometry, right_edge::RightEdge};

/// Why a node below the frontier cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the tree started from the frontier of its first {size} leaves and does not have the nodes \
     below it"
)]
struct BelowFrontier {
    size: u64,
}

/// The nodes of a frontier, by level.
pub(super) struct FrontierNodes {
    size: u64,
    /// Per level, the index of the first node, and the nodes.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl FrontierNodes {
    pub(super) fn new<const N: usize>(edge: &RightEdge<N>) -> Self {
        let size = edge.size();
        let levels = (0..=geometry::depth::<N>(size)).map(|level| {
            let nodes = edge.frontier(level).to_vec();
            let complete = geometry::complete_len::<N>(size, level);
            (complete - nodes.len() as u64, nodes)
        });
        Self {
            size,
            levels: levels.collect(),
        }
    }

    /// Per level, the number of nodes before the end of this base.
    pub(super) fn lens(&self) -> Vec<u64> {
        let end = |(start, nodes): &(u64, Vec<Hash>)| start + nodes.len() as u64;
        self.levels.iter().map(end).collect()
    }
}

impl NodeSource for FrontierNodes {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        let nodes = self.levels.get(level).and_then(|(first, nodes)| {
            let from = usize::try_from(start.checked_sub(*first)?).ok()?;
            nodes.get(from..from.checked_add(out.len())?)
        });
        let Some(nodes) = nodes else {
            return Err(TreeError::NodeUnavailable {
                level,
                index: start,
                source: NodeFailure::new(BelowFrontier { size: self.size }),
            });
        };
        out.copy_from_slice(nodes);
        Ok(())
    }
}
