//! [`Block`]: room for the nodes of one block of a batch, which is written side by side with other
//! blocks.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use rotortree_hasher::Hash;

use super::segment::Slots;

/// Room for the nodes of a block, level by level from the leaves up. One thread writes the nodes of
/// a level in order.
pub(crate) struct Block<'a> {
    /// The slots with their level, in order. A level has several if a segment ends within the
    /// block.
    slots: Vec<(usize, Slots<'a>)>,
    written: u64,
    /// Counts the nodes that all blocks have written: nodes are published only if all were written.
    written_by_all: &'a AtomicU64,
}

impl<'a> Block<'a> {
    pub(super) fn new(written_by_all: &'a AtomicU64) -> Self {
        Self {
            slots: Vec::new(),
            written: 0,
            written_by_all,
        }
    }

    /// Gives the block its share of a level: the next `width` slots.
    pub(super) fn take(&mut self, level: usize, width: usize, slots: &mut Vec<Slots<'a>>) {
        let mut left = width;
        // The level's slots come in reverse, because removing the last one is free.
        while let Some(last) = slots.last_mut().filter(|_| left > 0) {
            let some = last.split_to(left.min(last.len()));
            left -= some.len();
            if last.len() == 0 {
                slots.pop();
            }
            if some.len() > 0 {
                self.slots.push((level, some));
            }
        }
    }

    /// Writes nodes of a level after those that the block has.
    pub(crate) fn write(&mut self, level: usize, mut nodes: &[Hash]) {
        for (_, slots) in self.slots.iter_mut().filter(|(of, _)| *of == level) {
            let count = slots.write(nodes);
            self.written += count as u64;
            nodes = &nodes[count..];
        }
        debug_assert!(
            nodes.is_empty(),
            "a block has room for its nodes, and no more"
        );
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // Relaxed: the publishing thread has joined the thread that drops this block.
        self.written_by_all
            .fetch_add(self.written, Ordering::Relaxed);
    }
}
