//! Follows a chain whose newest blocks may be replaced, in memory.
//!
//! Final blocks live in one tree that only grows. Each block that is not final yet is a fork of its
//! parent's snapshot: a few nodes of its own over everything shared. When a block becomes final its
//! leaves are appended to the base, and its siblings are dropped.
//!
//! ```console
//! cargo run -p rotortree-lean-imt --example reorganisations
//! ```

use rotortree_lean_imt::{Blake3Hasher, Hash, LeanIMT, TreeError, TreeHead, TreeSnapshot};
use std::{
    collections::HashMap,
    error::Error,
    io::{self, Write},
};

const N: usize = 2;
const MAX_DEPTH: usize = 32;
/// Blocks behind the tip that cannot be replaced any more.
const FINAL_AFTER: usize = 3;

type BlockId = u32;

struct Block {
    parent: BlockId,
    leaves: Vec<Hash>,
    /// The tree with this block's leaves in it.
    tree: TreeSnapshot<N, MAX_DEPTH>,
}

struct Chain {
    base: LeanIMT<Blake3Hasher, N, MAX_DEPTH>,
    last_final: BlockId,
    pending: HashMap<BlockId, Block>,
}

impl Chain {
    fn snapshot_of(&self, id: BlockId) -> TreeSnapshot<N, MAX_DEPTH> {
        match self.pending.get(&id) {
            Some(block) => block.tree.clone(),
            None => self.base.snapshot(),
        }
    }

    /// Adds a block on top of any block that is known, and returns the head of its tree.
    fn add(
        &mut self,
        id: BlockId,
        parent: BlockId,
        leaves: Vec<Hash>,
    ) -> Result<TreeHead, TreeError> {
        let mut tree = self.snapshot_of(parent).fork()?;
        tree.insert_many(&leaves)?;
        let tree = tree.snapshot();
        let head = tree.head().unwrap_or(TreeHead::EMPTY);
        self.pending.insert(
            id,
            Block {
                parent,
                leaves,
                tree,
            },
        );
        self.finalise(id)?;
        Ok(head)
    }

    /// Finalises the block that is `FINAL_AFTER` blocks behind `tip`.
    fn finalise(&mut self, tip: BlockId) -> Result<(), TreeError> {
        let mut branch = vec![tip];
        while let Some(block) = self.pending.get(&branch[branch.len() - 1]) {
            if block.parent == self.last_final {
                break;
            }
            branch.push(block.parent);
        }
        if branch.len() <= FINAL_AFTER {
            return Ok(());
        }
        let id = branch[branch.len() - 1];
        if let Some(block) = self.pending.remove(&id) {
            let size = self.base.size();
            let root = self.base.append_at(size, &block.leaves)?;
            assert_eq!(Some(root), block.tree.root(), "the fork foresaw the root");
            self.last_final = id;
            self.forget_losers();
        }
        Ok(())
    }

    /// Drops blocks that do not descend from the last final one.
    fn forget_losers(&mut self) {
        loop {
            let orphan = self.pending.iter().find(|(_, block)| {
                block.parent != self.last_final && !self.pending.contains_key(&block.parent)
            });
            let Some(id) = orphan.map(|(id, _)| *id) else {
                return;
            };
            self.pending.remove(&id);
        }
    }
}

fn leaves(block: BlockId, count: u8) -> Vec<Hash> {
    (0..count)
        .map(|i| {
            let mut leaf = [i; 32];
            leaf[..4].copy_from_slice(&block.to_le_bytes());
            leaf
        })
        .collect()
}

fn run(out: &mut dyn Write) -> Result<Chain, Box<dyn Error>> {
    let mut chain = Chain {
        base: LeanIMT::new(Blake3Hasher),
        last_final: 0,
        pending: HashMap::new(),
    };
    // Two branches grow from block 2; the second overtakes.
    for (id, parent) in [
        (1, 0),
        (2, 1),
        (3, 2),
        (31, 2),
        (32, 31),
        (4, 3),
        (33, 32),
        (34, 33),
    ] {
        let head = chain.add(id, parent, leaves(id, 5))?;
        writeln!(
            out,
            "block {id:2} on {parent:2}: {} leaves, {} of them final, {} blocks pending",
            head.size,
            chain.base.size(),
            chain.pending.len()
        )?;
        // Every branch proves its own leaves, against its own head.
        let snapshot = chain.snapshot_of(id);
        let proof = snapshot.generate_proof(head.size - 1)?;
        proof.verify_against(&Blake3Hasher, head)?;
    }
    Ok(chain)
}

fn main() -> Result<(), Box<dyn Error>> {
    match follow_the_chain(&mut io::stdout()) {
        Err(error) if is_closed_pipe(&*error) => Ok(()),
        outcome => outcome,
    }
}

/// Whether the reader of the output has seen enough.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn follow_the_chain(out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let chain = run(out)?;
    writeln!(out, "block {} is the last final one", chain.last_final)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes milliseconds; nothing in it waits.
    #[test]
    fn the_branch_that_wins_becomes_final_and_the_other_is_dropped() {
        let chain = run(&mut io::sink()).unwrap();
        assert_eq!(chain.last_final, 31);
        let mut pending: Vec<BlockId> = chain.pending.keys().copied().collect();
        pending.sort_unstable();
        assert_eq!(pending, [32, 33, 34], "3 and 4 have lost");
        // Final and pending blocks equal trees that are built in one go.
        let mut whole = LeanIMT::<_, N, MAX_DEPTH>::new(Blake3Hasher);
        for id in [1, 2, 31] {
            whole.insert_many(&leaves(id, 5)).unwrap();
        }
        assert_eq!(chain.base.head(), whole.head());
        for id in pending {
            whole.insert_many(&leaves(id, 5)).unwrap();
            assert_eq!(chain.snapshot_of(id).head(), whole.head());
        }
    }

    /// An output whose reader is gone.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_an_error_that_is_known_and_no_panic() {
        let error = run(&mut Closed).err().expect("nothing can be written");
        assert!(is_closed_pipe(&*error), "{error}");
    }
}
