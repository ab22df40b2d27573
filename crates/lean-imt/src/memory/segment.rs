//! A fixed piece of memory that one writer fills from the left while readers read what is published.
//!
//! The unsafe code of the crate is in this file and in its small neighbours `pages`, `prefetch` and `streaming`. The
//! invariant: slots below `published` are initialized and never written again, so that readers may have shared references
//! to them; slots at or above it are touched by the one [`SegmentWriter`] only, by raw pointer. No reference ever covers a
//! slot at or above `published`.

use alloc::{
    alloc::{Layout, alloc, dealloc},
    sync::Arc,
};
use core::ptr::NonNull;
use rotortree_hasher::Hash;

use super::{level::SEGMENT_NODES, pages, streaming};
use crate::{
    TreeError,
    sync::{AtomicUsize, Ordering, SlotWatch},
};

/// Nodes from which on a run is written around the cache, if it goes to a segment of full size: a kernel's worth.
const STREAMED: usize = 16;

/// The shared, read side of a segment.
pub(super) struct Segment {
    slots: NonNull<Hash>,
    capacity: usize,
    published: AtomicUsize,
    watch: SlotWatch,
}

// SAFETY: the memory behind `slots` is owned by this value; concurrent access is ruled by the invariant of the
// module: readers touch slots below `published` (loaded with Acquire), the writer slots at or above it.
unsafe impl Send for Segment {}
// SAFETY: as for Send.
unsafe impl Sync for Segment {}

impl Segment {
    fn layout(capacity: usize) -> Option<Layout> {
        let bytes = capacity.checked_mul(size_of::<Hash>())?;
        Layout::from_size_align(bytes, pages::alignment(bytes)).ok()
    }

    /// The `len` nodes from slot `from` on, if all of them are published.
    #[inline]
    pub(super) fn published(&self, from: usize, len: usize) -> Option<&[Hash]> {
        let published = self.published.load(Ordering::Acquire);
        if from > published || len > published - from {
            return None;
        }
        self.watch.read(from, len);
        // SAFETY: `from + len <= published <= capacity`, so the pointer stays inside the allocation.
        let first = unsafe { self.slots.as_ptr().add(from) };
        // SAFETY: the slots are below `published`: initialized, and never written again while `self` is borrowed or after.
        // They belong to the allocation that `self` owns, which is aligned beyond what `Hash` asks for.
        Some(unsafe { core::slice::from_raw_parts(first, len) })
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let layout = Self::layout(self.capacity)
            .expect("the layout was valid when the segment was allocated");
        // SAFETY: `slots` came from `alloc` with this very layout, and this value was its only owner.
        unsafe { dealloc(self.slots.as_ptr().cast(), layout) };
    }
}

/// The one write end of a segment. Not `Clone`.
pub(super) struct SegmentWriter {
    segment: Arc<Segment>,
    /// Slots written, published or only staged.
    written: usize,
    /// Whether some of them were written around the cache and no fence came since.
    streaming: bool,
}

impl SegmentWriter {
    /// Allocates a segment of `capacity > 0` slots, none of them touched.
    pub(super) fn with_capacity(capacity: usize) -> Result<Self, TreeError> {
        let layout = Segment::layout(capacity)
            .filter(|layout| layout.size() > 0)
            .ok_or(TreeError::CapacityExceeded)?;
        // SAFETY: the layout has a size above zero.
        let memory = unsafe { alloc(layout) };
        let memory = NonNull::new(memory).ok_or(TreeError::CapacityExceeded)?;
        // SAFETY: this is the allocation of that layout.
        unsafe { pages::prefer_huge(memory, layout.size()) };
        let segment = Segment {
            slots: memory.cast(),
            capacity,
            published: AtomicUsize::new(0),
            watch: SlotWatch::new(capacity),
        };
        Ok(Self {
            segment: Arc::new(segment),
            written: 0,
            streaming: false,
        })
    }

    /// A segment of `capacity` slots that starts with everything this one has, published and staged alike.
    pub(super) fn grown(&self, capacity: usize) -> Result<Self, TreeError> {
        let mut grown = Self::with_capacity(capacity.max(self.written))?;
        self.settle();
        self.segment.watch.read(0, self.written);
        grown.segment.watch.write(0, self.written);
        // SAFETY: the first `written` slots of the source were written by this writer, so they are initialized;
        // the target is a fresh allocation of at least as many slots that nobody else knows yet.
        unsafe {
            core::ptr::copy_nonoverlapping(
                self.segment.slots.as_ptr(),
                grown.segment.slots.as_ptr(),
                self.written,
            )
        };
        grown.written = self.written;
        grown.segment.published.store(
            self.segment.published.load(Ordering::Relaxed),
            Ordering::Release,
        );
        Ok(grown)
    }

    /// Stages as many of `nodes` as fit; returns how many that were.
    pub(super) fn write(&mut self, nodes: &[Hash]) -> usize {
        let count = nodes.len().min(self.room());
        self.segment.watch.write(self.written, count);
        // SAFETY: `written <= capacity`, so the pointer stays inside the allocation (or one past its end).
        let target = unsafe { self.segment.slots.as_ptr().add(self.written) };
        if count >= STREAMED && self.segment.capacity as u64 == SEGMENT_NODES {
            // SAFETY: `written + count <= capacity`; the slots are at or above `published`, so no reader touches them, and this is
            // the one writer. `nodes` is a shared reference, which covers none of them. The allocation is aligned to 64 bytes
            // and a slot has 32, so `target` is to 16. Before anybody accesses these slots, this writer settles: when it
            // publishes, copies, takes back, or is dropped.
            unsafe { streaming::copy(nodes.as_ptr(), target, count) };
            self.streaming = true;
        } else {
            // SAFETY: `written + count <= capacity`; the slots are at or above `published`, so no reader touches them,
            // and this is the one writer (`&mut self` of a type that is not Clone). Nodes are given by shared reference, which
            // covers no slot at or above `published`.
            unsafe { core::ptr::copy_nonoverlapping(nodes.as_ptr(), target, count) };
        }
        self.written += count;
        count
    }

    /// Publishes everything staged.
    pub(super) fn publish(&mut self) {
        self.settle();
        self.streaming = false;
        self.segment
            .published
            .store(self.written, Ordering::Release);
    }

    /// Forgets everything staged.
    pub(super) fn abort(&mut self) {
        self.settle();
        self.streaming = false;
        self.written = self.segment.published.load(Ordering::Relaxed);
    }

    /// Orders what was written around the cache before everything from here on.
    fn settle(&self) {
        if self.streaming {
            streaming::fence();
        }
    }

    pub(super) fn room(&self) -> usize {
        self.segment.capacity - self.written
    }

    pub(super) fn share(&self) -> Arc<Segment> {
        Arc::clone(&self.segment)
    }
}

impl Drop for SegmentWriter {
    /// The memory may be freed next.
    fn drop(&mut self) {
        self.settle();
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;

    /// The published length alone orders the writer's slots before a reader's look at them.
    #[test]
    fn loom_models_a_reader_that_knows_nothing_but_the_segment() {
        loom::model(|| {
            let mut writer = SegmentWriter::with_capacity(4).unwrap();
            let reader = writer.share();
            let thread = loom::thread::spawn(move || {
                for len in 1..=3 {
                    if let Some(nodes) = reader.published(0, len) {
                        assert_eq!(nodes, &[[1; 32], [2; 32], [3; 32]][..len]);
                    }
                }
            });
            writer.write(&[[1; 32]]);
            writer.publish();
            writer.write(&[[9; 32]]);
            writer.abort();
            writer.write(&[[2; 32], [3; 32]]);
            writer.publish();
            thread.join().unwrap();
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn staged_slots_are_not_readable_until_published() {
        let mut writer = SegmentWriter::with_capacity(4).unwrap();
        let reader = writer.share();
        assert_eq!(writer.write(&[[1; 32], [2; 32]]), 2);
        assert_eq!(reader.published(0, 2), None);
        writer.publish();
        assert_eq!(reader.published(0, 2), Some(&[[1; 32], [2; 32]][..]));
        assert_eq!(reader.published(1, 2), None, "one of the two is not");
        assert_eq!(reader.published(usize::MAX, 2), None, "no overflow");
    }

    #[test]
    fn an_aborted_write_is_overwritten_by_the_next() {
        let mut writer = SegmentWriter::with_capacity(2).unwrap();
        writer.write(&[[1; 32]]);
        writer.publish();
        writer.write(&[[9; 32]]);
        writer.abort();
        assert_eq!(
            writer.write(&[[2; 32], [3; 32]]),
            1,
            "only one slot is left"
        );
        writer.publish();
        assert_eq!(
            writer.share().published(0, 2),
            Some(&[[1; 32], [2; 32]][..])
        );
    }

    #[test]
    fn a_grown_segment_leaves_the_old_one_to_its_readers() {
        let mut writer = SegmentWriter::with_capacity(1).unwrap();
        writer.write(&[[1; 32]]);
        writer.publish();
        let old = writer.share();
        let mut writer = writer.grown(4).unwrap();
        writer.write(&[[2; 32]]);
        writer.publish();
        assert_eq!(
            writer.share().published(0, 2),
            Some(&[[1; 32], [2; 32]][..])
        );
        assert_eq!(old.published(0, 2), None);
        assert_eq!(old.published(0, 1), Some(&[[1; 32]][..]));
    }

    #[test]
    fn runs_of_every_length_arrive_whether_they_go_around_the_cache_or_not() {
        let nodes: alloc::vec::Vec<Hash> =
            (0..SEGMENT_NODES as u8).map(|node| [node; 32]).collect();
        for run in 1..=nodes.len() {
            let mut writer = SegmentWriter::with_capacity(nodes.len()).unwrap();
            for nodes in nodes.chunks(run) {
                writer.write(nodes);
            }
            assert_eq!(writer.written, nodes.len());
            let grown = writer.grown(2 * nodes.len()).unwrap();
            writer.publish();
            assert_eq!(writer.share().published(0, nodes.len()), Some(&nodes[..]));
            writer = grown;
            writer.publish();
            assert_eq!(writer.share().published(0, nodes.len()), Some(&nodes[..]));
        }
    }

    #[test]
    fn a_segment_as_large_as_a_huge_page_lies_on_one() {
        let nodes: alloc::vec::Vec<Hash> = (0..1 << 16).map(|node| [node as u8; 32]).collect();
        let mut writer = SegmentWriter::with_capacity(nodes.len()).unwrap();
        assert_eq!(writer.segment.slots.as_ptr().addr() % (2 << 20), 0);
        assert_eq!(writer.write(&nodes), nodes.len());
        writer.publish();
        assert_eq!(writer.share().published(0, nodes.len()), Some(&nodes[..]));
    }

    #[test]
    fn an_impossible_capacity_is_an_error() {
        assert!(matches!(
            SegmentWriter::with_capacity(usize::MAX / 2),
            Err(TreeError::CapacityExceeded)
        ));
        assert!(matches!(
            SegmentWriter::with_capacity(0),
            Err(TreeError::CapacityExceeded)
        ));
    }
}
