//! A fixed piece of memory that one writer fills from the left while readers read the
//! published slots.
//!
//! The unsafe code of the crate is in this file, in `pages`, in `streaming`, and in `prefetch`. The
//! invariant: slots below `published` are initialized and never written again, so readers may have
//! shared references to them. The one [`SegmentWriter`] alone touches the other slots, by raw
//! pointer. No reference ever covers a slot at or above `published`.

use alloc::{alloc::Layout, sync::Arc};
use core::ptr::NonNull;
use rotortree_hasher::Hash;

use super::{pages, streaming};
use crate::{
    TreeError,
    sync::{AtomicUsize, Ordering, SlotWatch},
};

/// Number of nodes of a full segment: 2 MiB. A segment never crosses a multiple of it, so a
/// division finds the segment of a node.
#[cfg(not(any(test, loom)))]
pub(super) const SEGMENT_NODES: u64 = 1 << 16;
/// Small in this crate's own tests, so that they cross segments.
#[cfg(any(test, loom))]
pub(super) const SEGMENT_NODES: u64 = 16;

/// The least number of nodes of a run that is written around the cache, in a segment of full size:
/// the groups of one kernel.
const STREAMED: usize = 16;

/// The shared, read side of a segment.
pub(super) struct Segment {
    slots: NonNull<Hash>,
    capacity: usize,
    published: AtomicUsize,
    watch: SlotWatch,
}

// SAFETY: this value owns the memory of `slots`. The invariant of the module rules concurrent
// access: readers touch slots below `published` (loaded with Acquire), and the writer touches slots
// at or above it.
unsafe impl Send for Segment {}
// SAFETY: as for Send.
unsafe impl Sync for Segment {}

impl Segment {
    fn layout(capacity: usize) -> Option<Layout> {
        pages::layout(capacity.checked_mul(size_of::<Hash>())?)
    }

    /// The `len` nodes from slot `from` on, if all of them are published.
    #[inline]
    pub(super) fn published(&self, from: usize, len: usize) -> Option<&[Hash]> {
        if from.checked_add(len)? > self.published.load(Ordering::Acquire) {
            return None;
        }
        self.watch.read(from, len);
        // SAFETY: `from + len <= published <= capacity`, so the pointer stays inside the
        // allocation.
        let first = unsafe { self.slots.as_ptr().add(from) };
        // SAFETY: the slots are below `published`: initialized, and never written again while
        // `self` is borrowed or after. They belong to the allocation of `self`, whose alignment is
        // larger than that of `Hash`.
        Some(unsafe { core::slice::from_raw_parts(first, len) })
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Writes `nodes` from `slot` on. Returns whether it wrote around the cache: then a fence must
    /// precede every access to the slots.
    ///
    /// # Safety
    /// `slot + nodes.len() <= capacity`, all of these slots are at or above `published`, and the
    /// caller is the only one to access them.
    unsafe fn write_at(&self, slot: usize, nodes: &[Hash]) -> bool {
        self.watch.write(slot, nodes.len());
        // SAFETY: `slot <= capacity`, so the pointer stays inside the allocation (or one
        // past its end).
        let target = unsafe { self.slots.as_ptr().add(slot) };
        let streaming = nodes.len() >= STREAMED && self.capacity as u64 == SEGMENT_NODES;
        if streaming {
            // SAFETY: by the caller's promise the slots lie within the allocation and no other
            // thread accesses them. `nodes` is a shared reference, which covers none of them. The
            // allocation is aligned to 64 bytes and a slot has 32, so `target` is aligned to 32.
            // The caller issues the fence.
            unsafe { streaming::copy(nodes.as_ptr(), target, nodes.len()) };
        } else {
            // SAFETY: the same, without alignment and fence.
            unsafe { core::ptr::copy_nonoverlapping(nodes.as_ptr(), target, nodes.len()) };
        }
        streaming
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let layout = Self::layout(self.capacity)
            .expect("the layout was valid when the segment was allocated");
        // SAFETY: `slots` came from `allocate` with this very layout, and this value was its only
        // owner.
        unsafe { pages::free(self.slots.cast(), layout) };
    }
}

/// The one write end of a segment. Not `Clone`.
pub(super) struct SegmentWriter {
    segment: Arc<Segment>,
    /// Slots written, published or only staged.
    written: usize,
    /// Whether slots were written around the cache since the last fence.
    streaming: bool,
}

impl SegmentWriter {
    /// Allocates a segment of `capacity > 0` slots, none of them touched.
    pub(super) fn with_capacity(capacity: usize) -> Result<Self, TreeError> {
        let memory = Segment::layout(capacity)
            .and_then(pages::allocate)
            .ok_or(TreeError::CapacityExceeded)?;
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

    /// A segment of `capacity` slots that starts with the published and the staged slots of this
    /// one.
    pub(super) fn grown(&self, capacity: usize) -> Result<Self, TreeError> {
        let mut grown = Self::with_capacity(capacity.max(self.written))?;
        self.fence();
        self.segment.watch.read(0, self.written);
        grown.segment.watch.write(0, self.written);
        // SAFETY: the source has at least `written` slots, which no thread writes meanwhile. The
        // target is a fresh allocation of at least as many slots, which no other code knows. Staged
        // slots may be unwritten, and so may their copies: the copy is untyped, and staged slots
        // are written before they are published, or aborted.
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

    /// Stages as many of `nodes` as fit, and returns their number.
    pub(super) fn write(&mut self, nodes: &[Hash]) -> usize {
        let count = nodes.len().min(self.room());
        // SAFETY: `written + count <= capacity`, these slots are at or above `published`, and
        // this is the one writer (`&mut self` of a type that is not Clone). The writer settles
        // before every access to these slots: when it publishes, copies or aborts them, and when
        // it is dropped.
        self.streaming |= unsafe { self.segment.write_at(self.written, &nodes[..count]) };
        self.written += count;
        count
    }

    /// Slots written, published or only staged.
    #[cfg(feature = "parallel")]
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Stages `count` slots, which the caller writes through [`slots_from`](Self::slots_from). The
    /// slots must fit.
    #[cfg(feature = "parallel")]
    pub(super) fn stage_unwritten(&mut self, count: usize) {
        assert!(count <= self.room(), "staged beyond the segment's end");
        self.written += count;
    }

    /// The staged slots from `from` on, for other threads to write. None of them is published:
    /// `from` is the start of the slots staged since the last commit.
    #[cfg(feature = "parallel")]
    pub(super) fn slots_from(&mut self, from: usize) -> Slots<'_> {
        let published = self.segment.published.load(Ordering::Relaxed);
        assert!(
            published <= from && from <= self.written,
            "slots that readers may have"
        );
        Slots {
            segment: &self.segment,
            slot: from,
            len: self.written - from,
            streaming: false,
        }
    }

    /// Publishes everything staged.
    pub(super) fn publish(&mut self) {
        self.fence();
        self.streaming = false;
        self.segment
            .published
            .store(self.written, Ordering::Release);
    }

    /// Drops the staged slots.
    pub(super) fn abort(&mut self) {
        self.fence();
        self.streaming = false;
        self.written = self.segment.published.load(Ordering::Relaxed);
    }

    /// Orders the writes around the cache before all later accesses.
    fn fence(&self) {
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
    /// The memory may be freed after this.
    fn drop(&mut self) {
        self.fence();
    }
}

/// Staged slots that one thread writes beside others: this value is their only writer. It is not
/// `Clone`, and it borrows the segment's writer, so the writer publishes none of them meanwhile.
#[cfg(feature = "parallel")]
pub(super) struct Slots<'a> {
    segment: &'a Segment,
    slot: usize,
    len: usize,
    /// Whether slots were written around the cache since the last fence.
    streaming: bool,
}

#[cfg(feature = "parallel")]
impl Slots<'_> {
    /// Number of unwritten slots.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Splits off the first `len` of these slots.
    pub(super) fn split_to(&mut self, len: usize) -> Self {
        assert!(len <= self.len, "there are fewer slots than are split off");
        let first = Self {
            segment: self.segment,
            slot: self.slot,
            len,
            streaming: false,
        };
        self.slot += len;
        self.len -= len;
        first
    }

    /// Writes as many of `nodes` as fit, and returns their number.
    pub(super) fn write(&mut self, nodes: &[Hash]) -> usize {
        let count = nodes.len().min(self.len);
        // SAFETY: `slot + len` is at most the segment's capacity. None of these slots is published
        // while the writer is borrowed. No other `Slots` has them, because they were split off. The
        // fence comes when this value is dropped, before its borrow of the writer ends.
        self.streaming |= unsafe { self.segment.write_at(self.slot, &nodes[..count]) };
        self.slot += count;
        self.len -= count;
        count
    }
}

#[cfg(feature = "parallel")]
impl Drop for Slots<'_> {
    fn drop(&mut self) {
        if self.streaming {
            streaming::fence();
        }
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;

    /// The published length alone orders the writer's slots before a reader's access.
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

    /// Joining two writing threads and the published length order their slots before a
    /// reader's access.
    #[cfg(feature = "parallel")]
    #[test]
    fn loom_models_two_threads_that_write_side_by_side() {
        loom::model(|| {
            let mut writer = SegmentWriter::with_capacity(4).unwrap();
            writer.write(&[[1; 32]]);
            writer.publish();
            let reader = writer.share();
            let reading = loom::thread::spawn(move || {
                for len in 1..=3 {
                    if let Some(nodes) = reader.published(0, len) {
                        assert_eq!(nodes, &[[1; 32], [2; 32], [3; 32]][..len]);
                    }
                }
            });
            writer.stage_unwritten(2);
            let mut second = writer.slots_from(1);
            let first = second.split_to(1);
            // SAFETY: the thread with these slots is joined before their borrow of the writer ends.
            let mut first: Slots<'static> = unsafe { core::mem::transmute(first) };
            let writing = loom::thread::spawn(move || assert_eq!(first.write(&[[2; 32]]), 1));
            assert_eq!(second.write(&[[3; 32]]), 1);
            writing.join().unwrap();
            drop(second);
            writer.publish();
            reading.join().unwrap();
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
