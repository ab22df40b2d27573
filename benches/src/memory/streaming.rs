//! [`Room`]: memory for nodes that are written past the cache, as those of a tree are.

use std::io;

use memmap2::MmapMut;
use rotortree_lean_imt::Hash;

/// Nodes of a run, and of a room, from which on the nodes are written past the cache: those of a
/// tree's.
const RUN: usize = 16;
const LARGE: usize = 1 << 16;

/// Room for nodes of a level, one behind the other.
#[derive(Debug)]
pub struct Room {
    memory: MmapMut,
    capacity: usize,
    len: usize,
}

impl Room {
    /// Room for so many nodes, in huge pages where the system has them, and already touched.
    ///
    /// # Errors
    /// If the system has no memory.
    pub fn new(nodes: usize) -> io::Result<Self> {
        let mut memory = MmapMut::map_anon(nodes.max(1) * size_of::<Hash>())?;
        #[cfg(target_os = "linux")]
        // A system without huge pages has small ones.
        drop(memory.advise(memmap2::Advice::HugePage));
        memory.fill(1);
        Ok(Self {
            memory,
            capacity: nodes,
            len: 0,
        })
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Writes nodes behind the others.
    ///
    /// # Panics
    /// If there is no room.
    #[inline]
    pub fn append(&mut self, nodes: &[Hash]) {
        let (slots, _) = self.memory.as_chunks_mut();
        let slots = &mut slots[self.len..][..nodes.len()];
        self.len += nodes.len();
        #[cfg(target_arch = "x86_64")]
        if self.capacity >= LARGE && nodes.len() >= RUN && is_x86_feature_detected!("avx") {
            // SAFETY: the processor has the feature. The slots are a multiple of 32 bytes behind
            // the beginning of a page.
            return unsafe { write_past_the_cache(nodes, slots) };
        }
        slots.copy_from_slice(nodes);
    }
}

/// Copies nodes into slots that are never read.
///
/// # Safety
/// The slots are aligned to 32 bytes.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx")]
unsafe fn write_past_the_cache(nodes: &[Hash], slots: &mut [Hash]) {
    use core::arch::x86_64::{_mm256_loadu_si256, _mm256_stream_si256};

    for (node, slot) in nodes.iter().zip(slots) {
        // SAFETY: a node is 32 bytes, and this load asks for no alignment.
        let value = unsafe { _mm256_loadu_si256(node.as_ptr().cast()) };
        // SAFETY: a slot is 32 bytes, aligned to as many by the caller's promise, and borrowed
        // for writing.
        unsafe { _mm256_stream_si256(slot.as_mut_ptr().cast(), value) };
    }
}
