//! [`RecentHeads`]: the heads of recent appends, found by their roots.
//!
//! A ring of bounded length, allocated as it grows, behind its own lock. An insert holds the lock
//! for a copy of 40 bytes. A lookup shares it for a short piece of the ring at a time, so neither
//! delays the other for long. Callers decide whether a head must be durable.

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeHead;

use super::locks::{Held, Rank};
use crate::sync::{RwLock, read, try_read, write};

/// The number of heads that a lookup compares before it lets inserts through.
const PIECE: u64 = 1024;

/// The heads of the last appends, at most as many as the bound.
pub(super) struct RecentHeads {
    bound: usize,
    ring: RwLock<Ring>,
}

#[derive(Default)]
struct Ring {
    /// The head at position `p`, counted from the first one ever, is at `p % bound`.
    heads: Vec<TreeHead>,
    /// The number of heads ever recorded: the position of the next one.
    next: u64,
    /// The slot of the next head: `next % bound`, without a division for every insert.
    slot: usize,
}

impl Ring {
    fn push(&mut self, head: TreeHead, bound: usize) {
        let kept = self.heads.len();
        if kept < bound {
            if kept == self.heads.capacity() {
                // Doubled, like any vector, but never beyond the bound.
                self.heads.reserve_exact(kept.max(4).min(bound - kept));
            }
            self.heads.push(head);
        } else {
            self.heads[self.slot] = head;
        }
        self.next += 1;
        self.slot += 1;
        if self.slot == bound {
            self.slot = 0;
        }
    }

    /// The newest head.
    fn newest(&self) -> Option<&TreeHead> {
        match self.slot {
            0 => self.heads.last(),
            slot => self.heads.get(slot - 1),
        }
    }

    /// The heads from position `start` up to `end`, none of which is overwritten, in two runs, the
    /// older one first.
    fn runs(&self, start: u64, end: u64) -> [&[TreeHead]; 2] {
        // Below the bound, positions are indices. At the bound, which is the length, they wrap
        // around.
        let len = (self.heads.len() as u64).max(1);
        let first = (start % len) as usize;
        let count = (end - start) as usize;
        let (wrapped, whole) = self.heads.split_at(first);
        match count.checked_sub(whole.len()) {
            Some(rest) => [whole, &wrapped[..rest]],
            None => [&whole[..count], &[]],
        }
    }
}

impl RecentHeads {
    /// The ring of a tree that was opened with head `opened`, if any.
    pub(super) fn new(bound: usize, opened: Option<TreeHead>) -> Self {
        let mut ring = Ring::default();
        if let Some(head) = opened.filter(|_| bound > 0) {
            ring.push(head, bound);
        }
        Self {
            bound,
            ring: RwLock::new(ring),
        }
    }

    /// Whether the ring keeps any head.
    pub(super) fn are_kept(&self) -> bool {
        self.bound > 0
    }

    /// Records a head, unless the newest one has its size.
    pub(super) fn record(&self, head: Option<TreeHead>) {
        let Some(head) = head.filter(|_| self.are_kept()) else {
            return;
        };
        let _held = Held::in_order(Rank::Heads);
        let mut ring = write(&self.ring);
        if ring.newest().is_none_or(|newest| newest.size < head.size) {
            ring.push(head, self.bound);
        }
    }

    /// The newest head with this root. A lookup that may not wait finds nothing while an insert
    /// records.
    pub(super) fn find(&self, root: &Hash, may_wait: bool) -> Option<TreeHead> {
        // Positions from here on are compared.
        let mut seen = u64::MAX;
        loop {
            let _held = Held::in_order(Rank::Heads);
            let ring = if may_wait {
                read(&self.ring)
            } else {
                try_read(&self.ring)?
            };
            let end = seen.min(ring.next);
            // Inserts between two pieces may have overwritten heads that this lookup has not
            // compared yet.
            let oldest = ring.next - ring.heads.len() as u64;
            let start = end.saturating_sub(PIECE).max(oldest);
            if start >= end {
                return None;
            }
            let [older, newer] = ring.runs(start, end);
            let found = newer.iter().rev().chain(older.iter().rev());
            if let Some(head) = found.copied().find(|head| head.root == *root) {
                return Some(head);
            }
            seen = start;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The head of the append number `number`, with one of few roots.
    fn head(number: u64, root: u8) -> TreeHead {
        TreeHead {
            size: number + 1,
            root: [root; 32],
        }
    }

    fn find(heads: &RecentHeads, root: u8) -> Option<TreeHead> {
        heads.find(&[root; 32], true)
    }

    /// The head that the ring must find: the newest of the last `bound`.
    fn model(all: &[TreeHead], bound: usize, root: u8) -> Option<TreeHead> {
        let mut kept = all.iter().rev().take(bound);
        kept.find(|head| head.root == [root; 32]).copied()
    }

    proptest! {
        #[test]
        fn the_ring_finds_what_a_plain_list_finds(
            bound in 0usize..12,
            opened in any::<bool>(),
            roots in proptest::collection::vec(0u8..6, 0..40),
        ) {
            let mut all = Vec::new();
            if opened {
                all.push(head(0, 0));
            }
            let heads = RecentHeads::new(bound, all.first().copied());
            for root in roots {
                let next = head(all.len() as u64, root);
                heads.record(Some(next));
                // Metadata alone.
                heads.record(Some(next));
                all.push(next);
                for root in 0..6 {
                    prop_assert_eq!(find(&heads, root), model(&all, bound, root));
                }
            }
        }
    }

    #[test]
    fn pieces_of_a_long_ring_join_without_a_gap() {
        let piece = PIECE as usize;
        for bound in [piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 1] {
            for count in [bound - 1, bound, bound + 1, bound + piece, 3 * bound] {
                let heads = RecentHeads::new(bound, None);
                let root = |number: usize| {
                    let mut root = [0; 32];
                    root[..8].copy_from_slice(&(number as u64).to_le_bytes());
                    root
                };
                for number in 0..count {
                    let head = TreeHead {
                        size: number as u64 + 1,
                        root: root(number),
                    };
                    heads.record(Some(head));
                }
                for number in 0..count {
                    let found = heads.find(&root(number), true);
                    let is_kept = number + bound >= count;
                    let size = is_kept.then_some(number as u64 + 1);
                    assert_eq!(
                        found.map(|head| head.size),
                        size,
                        "{number} of {count}, {bound}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_allocated_follows_what_is_kept_and_ends_at_the_bound() {
        let capacity = |heads: &RecentHeads| read(&heads.ring).heads.capacity();
        let heads = RecentHeads::new(1000, None);
        assert_eq!(capacity(&heads), 0);
        for number in 0..5000 {
            heads.record(Some(head(number, 0)));
            let kept = 1000.min(number as usize + 1);
            assert!(capacity(&heads) <= (2 * kept).clamp(4, 1000), "{number}");
        }
        // The widest bound allocates nothing before its first use.
        let unbounded = RecentHeads::new(usize::MAX, Some(head(0, 1)));
        assert_eq!(capacity(&unbounded), 4);
        assert_eq!(find(&unbounded, 1), Some(head(0, 1)));
    }

    #[test]
    fn nothing_is_kept_of_an_empty_tree_or_where_nothing_may_be() {
        let heads = RecentHeads::new(8, None);
        heads.record(None);
        assert_eq!(find(&heads, 0), None);
        let none = RecentHeads::new(0, Some(head(0, 0)));
        none.record(Some(head(1, 0)));
        assert_eq!(find(&none, 0), None);
    }
}
