//! [`Indexer`]: final blocks in a durable tree, the others in forks over it.

use std::{error::Error, path::Path};

use rotortree::{
    Blake3Hasher, Hash, LeanIMT, NaryProof, RotorTree, RotorTreeConfig, SharedHasher, TreeHead,
    TreeSnapshot,
};

use crate::chain::{Block, BlockId};

const ARITY: usize = 4;
const MAX_DEPTH: usize = 24;

type Snapshot = TreeSnapshot<ARITY, MAX_DEPTH>;
pub(crate) type Proof = NaryProof<ARITY, MAX_DEPTH>;
type Fork = LeanIMT<SharedHasher, ARITY, MAX_DEPTH>;

pub(crate) struct Indexer {
    base: RotorTree<Blake3Hasher, ARITY, MAX_DEPTH>,
    last_final: Option<BlockId>,
    /// Blocks that are not final yet, each with the tree after it.
    pending: Vec<(Block, Snapshot)>,
    /// The tree after the last of them. It is in memory, over the snapshot that it was forked from.
    tip: Fork,
}

impl Indexer {
    pub(crate) fn open(dir: &Path) -> Result<Self, Box<dyn Error>> {
        let base = RotorTree::open(Blake3Hasher, RotorTreeConfig::new(dir))?;
        // Leaves and metadata are one entry, so they belong to the same block also after a crash.
        let snapshot = base.durable_snapshot();
        let last_final = snapshot.metadata().map(decode).transpose()?;
        let tip = snapshot.fork()?;
        Ok(Self {
            base,
            last_final,
            pending: Vec::new(),
            tip,
        })
    }

    pub(crate) fn last_final(&self) -> Option<BlockId> {
        self.last_final
    }

    pub(crate) fn durable_size(&self) -> u64 {
        self.base.durable_size()
    }

    /// The tree of the final blocks.
    #[cfg(test)]
    pub(crate) fn durable_head(&self) -> Option<TreeHead> {
        self.base.durable_snapshot().head()
    }

    /// The tree after the newest block.
    pub(crate) fn tip(&self) -> Snapshot {
        self.tip.snapshot()
    }

    /// Applies a block after its parent. Returns the number of replaced blocks.
    pub(crate) fn apply(&mut self, block: Block) -> Result<usize, Box<dyn Error>> {
        let parent = self
            .pending
            .iter()
            .rposition(|(earlier, _)| earlier.id == block.parent);
        let kept = match parent {
            Some(at) => at + 1,
            None if block.parent == self.last_final.map_or(0, |last| last.id) => 0,
            None => return Err(format!("block {} goes on from none known", block.number).into()),
        };
        let dropped = self.pending.len() - kept;
        if dropped > 0 {
            self.pending.truncate(kept);
            self.tip = match self.pending.last() {
                Some((_, after)) => after.fork()?,
                None => self.base.durable_snapshot().fork()?,
            };
        }
        self.push(block)?;
        Ok(dropped)
    }

    /// Moves the blocks up to `number` into the durable tree, one entry each.
    pub(crate) fn finalise(&mut self, number: u64) -> Result<(), Box<dyn Error>> {
        let count = self
            .pending
            .partition_point(|(block, _)| block.number <= number);
        let mut pending = std::mem::take(&mut self.pending);
        let rest = pending.split_off(count);
        let mut last = None;
        for (block, after) in &pending {
            let (_, token) = self
                .base
                .insert_many_with_metadata(&block.leaves, &encode(block))?;
            if token.head() != after.head() {
                return Err(format!("block {} became another tree", block.number).into());
            }
            last = Some((token, block));
        }
        if let Some((token, block)) = last {
            token.wait()?;
            self.last_final = Some(BlockId {
                number: block.number,
                id: block.id,
            });
        }
        // Forks of forks would keep every tree below them: the rest starts afresh over the durable
        // one.
        self.tip = self.base.durable_snapshot().fork()?;
        for (block, _) in rest {
            self.push(block)?;
        }
        Ok(())
    }

    fn push(&mut self, block: Block) -> Result<(), Box<dyn Error>> {
        if !block.leaves.is_empty() {
            self.tip.insert_many(&block.leaves)?;
        }
        self.pending.push((block, self.tip.snapshot()));
        Ok(())
    }

    /// The head that had this root, if a verifier still accepts it: the head after a block that has
    /// not been replaced, final or not. Of the final ones the tree remembers the last 1024 heads of
    /// this run.
    pub(crate) fn accepts(&self, root: &Hash) -> Option<TreeHead> {
        let pending = self.pending.iter().filter_map(|(_, after)| after.head());
        let mut newest_first = pending.rev();
        let found = newest_first.find(|head| head.root == *root);
        found.or_else(|| self.base.find_head(root))
    }

    /// The proof of the newest leaf at the tip, which a user makes.
    pub(crate) fn prove_newest(&self) -> Result<Option<Proof>, Box<dyn Error>> {
        let tip = self.tip();
        let newest = tip.size().checked_sub(1);
        Ok(newest
            .map(|newest| tip.generate_proof(newest))
            .transpose()?)
    }

    /// Proves the newest leaf and one in the middle, final or not, at the tip.
    pub(crate) fn check_tip(&self) -> Result<(), Box<dyn Error>> {
        let tip = self.tip();
        let Some(head) = tip.head() else {
            return Ok(());
        };
        for index in [head.size - 1, head.size / 2] {
            let proof = tip.generate_proof(index)?;
            proof.verify_against(&Blake3Hasher, head)?;
        }
        Ok(())
    }
}

fn encode(block: &Block) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&block.number.to_le_bytes());
    bytes[8..].copy_from_slice(&block.id.to_le_bytes());
    bytes
}

fn decode(metadata: &[u8]) -> Result<BlockId, Box<dyn Error>> {
    let (number, id) = metadata
        .split_at_checked(8)
        .ok_or("the tree's metadata is not ours")?;
    Ok(BlockId {
        number: u64::from_le_bytes(number.try_into()?),
        id: u64::from_le_bytes(id.try_into()?),
    })
}
