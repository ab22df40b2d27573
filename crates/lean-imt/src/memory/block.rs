//! [`Block`]: room for the nodes of one block of a batch, which is written side by side with other blocks.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use rotortree_hasher::Hash;

use super::segment::Slots;

/// Room for the nodes of a block on some levels from the leaves up. Each level's are written in
/// order, by one thread.
pub(crate) struct Block<'a> {
    /// By level, and in order within one: more than one where a segment ends within the block.
    slots: Vec<(usize, Slots<'a>)>,
    written: u64,
    /// Counts the nodes that all blocks have written, so that none is published that was not.
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
        // From the end, where taking one off costs nothing: the level's slots are given in reverse.
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

    /// Writes nodes of a level behind those that the block has.
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
        // Whoever publishes has waited for the thread that drops this; the number alone is passed
        // on here.
        self.written_by_all
            .fetch_add(self.written, Ordering::Relaxed);
    }
}
