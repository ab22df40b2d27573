//! [`Slabs`]: the memory of the sets of a pool, allocated piece by piece on use.

use std::convert::Infallible;

use super::on_demand::OnDemand;
use crate::sync::AtomicU64;

/// Bytes of a slab, if a set has no more.
const SLAB_BYTES: usize = 256 << 10;
/// Words of a line of the processor's cache.
const LINE: usize = 64;
/// Bytes that a slab takes beside its sets: what the allocator takes, the words in front of the
/// first line, and its place in the table.
pub(super) const OVERHEAD: usize = 16 + LINE + size_of::<OnDemand<Slab>>();

/// The number of sets for which there is room.
pub(super) fn sets_in(most_bytes: usize, set_bytes: usize) -> usize {
    let slab_sets = 1 << slab_shift(set_bytes);
    let slab_bytes = slab_sets * set_bytes + OVERHEAD;
    let (full, rest) = (most_bytes / slab_bytes, most_bytes % slab_bytes);
    full * slab_sets + rest.saturating_sub(OVERHEAD) / set_bytes
}

/// The number of sets of a slab, as a power of two.
fn slab_shift(set_bytes: usize) -> u32 {
    (SLAB_BYTES / set_bytes).max(1).ilog2()
}

/// Sets of words, all of them zero at first. Each begins with a line of the processor's cache, if
/// its length is that of whole lines.
#[derive(Debug)]
pub(super) struct Slabs {
    slabs: Box<[OnDemand<Slab>]>,
    sets: usize,
    set_bytes: usize,
    shift: u32,
}

impl Slabs {
    /// Room for so many sets. `set_bytes` are those of whole words.
    pub(super) fn new(sets: usize, set_bytes: usize) -> Self {
        let shift = slab_shift(set_bytes);
        let slabs = sets.div_ceil(1 << shift);
        Self {
            slabs: (0..slabs).map(|_| OnDemand::new()).collect(),
            sets,
            set_bytes,
            shift,
        }
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let slabs = self.slabs.iter().filter_map(OnDemand::get);
        size_of_val(&*self.slabs) + slabs.map(Slab::bytes).sum::<usize>()
    }

    /// The words of a set, if its slab was made.
    #[inline]
    pub(super) fn get(&self, set: usize) -> Option<&[AtomicU64]> {
        let slab = self.slabs[set >> self.shift].get()?;
        let within = set & ((1 << self.shift) - 1);
        let words = self.set_bytes / size_of::<u64>();
        Some(&slab.words[slab.start + within * words..][..words])
    }

    /// The words of a set, whose slab is made now if it was not. `None` if another thread makes it.
    pub(super) fn get_or_make(&self, set: usize) -> Option<&[AtomicU64]> {
        let number = set >> self.shift;
        let make = || {
            let sets = (self.sets - (number << self.shift)).min(1 << self.shift);
            Ok::<_, Infallible>(Slab::new(sets * self.set_bytes))
        };
        // The slab of a thread that comes second has no use.
        let Ok(_) = self.slabs[number].get_or_make(make);
        self.get(set)
    }
}

#[derive(Debug)]
pub(super) struct Slab {
    words: Box<[AtomicU64]>,
    /// The first word of a line.
    start: usize,
}

impl Slab {
    fn new(bytes: usize) -> Self {
        let words = zeros((bytes + LINE) / size_of::<u64>() - 1);
        let start = words.as_ptr().cast::<u8>().align_offset(LINE) / size_of::<u64>();
        Self { words, start }
    }

    fn bytes(&self) -> usize {
        16 + size_of_val(&*self.words)
    }
}

/// Memory that the system clears when it is touched first.
#[cfg(not(loom))]
pub(super) fn zeros(words: usize) -> Box<[AtomicU64]> {
    bytemuck::zeroed_slice_box(words)
}

#[cfg(loom)]
pub(super) fn zeros(words: usize) -> Box<[AtomicU64]> {
    (0..words).map(|_| AtomicU64::new(0)).collect()
}
