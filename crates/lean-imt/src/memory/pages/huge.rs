//! Pieces of one huge page, mapped one by one. A few that were freed are kept and handed out again,
//! since the first touch of a fresh one costs the clearing of 2 MiB.

use core::{
    ffi::c_void,
    ptr::{self, NonNull},
};
use std::sync::Mutex;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// Bytes of a piece.
pub(super) const HUGE: usize = 2 << 20;
/// The most pieces that are kept for all trees of the process: 64 MiB, as much as glibc keeps of
/// memory that was freed.
const KEPT: usize = 32;

/// Freed pieces. No thread waits for this lock: in a forked child, a thread of the parent may hold
/// it.
static FREED: Mutex<Freed> = Mutex::new(Freed {
    pieces: [None; KEPT],
    len: 0,
});

struct Freed {
    pieces: [Option<NonNull<u8>>; KEPT],
    len: usize,
}

// SAFETY: the pieces are memory that no other value refers to.
unsafe impl Send for Freed {}

impl Freed {
    fn pop(&mut self) -> Option<NonNull<u8>> {
        self.len = self.len.checked_sub(1)?;
        self.pieces[self.len].take()
    }

    /// Returns whether there is room.
    fn push(&mut self, piece: NonNull<u8>) -> bool {
        let Some(slot) = self.pieces.get_mut(self.len) else {
            return false;
        };
        *slot = Some(piece);
        self.len += 1;
        true
    }
}

/// A piece, aligned to its size. `None` if the system has no memory.
pub(super) fn allocate() -> Option<NonNull<u8>> {
    let freed = FREED.try_lock().ok();
    freed.and_then(|mut freed| freed.pop()).or_else(map)
}

/// Frees a piece.
///
/// # Safety
/// It came from [`allocate`], is not freed already, and is not used again.
pub(super) unsafe fn free(piece: NonNull<u8>) {
    let is_kept = FREED.try_lock().is_ok_and(|mut freed| freed.push(piece));
    if !is_kept {
        // SAFETY: a whole piece, by the caller's promise.
        unsafe { unmap(piece.as_ptr().cast(), HUGE) };
    }
}

/// Maps a fresh piece.
fn map() -> Option<NonNull<u8>> {
    let piece = map_aligned()?;
    // SAFETY: the range is mapped and untouched. The advice changes neither its content nor its
    // access rights.
    let advised = unsafe { madvise(piece, HUGE, Advice::LinuxHugepage) };
    // A kernel that has no huge pages refuses. Nothing depends on them.
    let (Ok(()) | Err(_)) = advised;
    NonNull::new(piece.cast())
}

/// Maps as much as a piece, aligned. Most often the system chooses an aligned place, right below
/// the piece before, and the two count as one mapping, of which a process has 65,530. Otherwise
/// twice as much is mapped, and the aligned part stays.
fn map_aligned() -> Option<*mut c_void> {
    let one = map_bytes(HUGE)?;
    if is_aligned(one) {
        return Some(one);
    }
    // SAFETY: the whole new mapping.
    unsafe { unmap(one, HUGE) };
    let start = map_bytes(2 * HUGE)?;
    let before = start.cast::<u8>().align_offset(HUGE);
    let piece = start.wrapping_byte_add(before);
    let behind = piece.wrapping_byte_add(HUGE);
    for (part, bytes) in [(start, before), (behind, HUGE - before)] {
        if bytes > 0 {
            // SAFETY: a part of the new mapping in front of the piece or behind it, in whole pages:
            // the mapping starts on a page.
            unsafe { unmap(part, bytes) };
        }
    }
    Some(piece)
}

fn is_aligned(start: *mut c_void) -> bool {
    start.addr().is_multiple_of(HUGE)
}

fn map_bytes(bytes: usize) -> Option<*mut c_void> {
    let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: a new private mapping, wherever the system chooses.
    unsafe { mmap_anonymous(ptr::null_mut(), bytes, access, flags) }.ok()
}

/// Gives memory back to the system.
///
/// # Safety
/// The range consists of whole pages of a mapping of this module, and is not used again.
unsafe fn unmap(start: *mut c_void, bytes: usize) {
    // SAFETY: by the caller's promise.
    let unmapped = unsafe { munmap(start, bytes) };
    // A system that cannot split a mapping, for it has too many, keeps the memory.
    let (Ok(()) | Err(_)) = unmapped;
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn pieces_are_aligned_apart_and_writable() {
        // More than are kept, so that some are mapped and some unmapped whatever others do.
        let pieces: Vec<_> = (0..KEPT + 3).map(|_| allocate().unwrap()).collect();
        for (number, piece) in pieces.iter().enumerate() {
            assert!(is_aligned(piece.as_ptr().cast()));
            for at in [0, HUGE - 1] {
                // SAFETY: a byte of the piece, which nothing else uses.
                unsafe { piece.as_ptr().wrapping_add(at).write(number as u8) };
            }
        }
        for (number, piece) in pieces.into_iter().enumerate() {
            for at in [0, HUGE - 1] {
                // SAFETY: the byte was written above.
                let byte = unsafe { piece.as_ptr().wrapping_add(at).read() };
                assert_eq!(byte, number as u8);
            }
            // SAFETY: it is freed once.
            unsafe { free(piece) };
        }
        assert!(FREED.lock().unwrap().len <= KEPT);
    }
}
