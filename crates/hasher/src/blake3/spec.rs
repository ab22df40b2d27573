//! The numbers of BLAKE3, and its message schedule.
//!
//! Source: O'Connor, Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3: one function, fast
//! everywhere" (2020), section 2.2 and its tables: initial value, message permutation,
//! flags. <https://github.com/BLAKE3-team/BLAKE3-specs>
//!
//! A group of up to 32 children is one chunk of BLAKE3, which is also its root. A chunk is a chain
//! of compressions over 64-byte blocks of two children each; the last block may be half full. The
//! kernels know nothing else. A wider group is a tree of chunks, and the `blake3` crate hashes it.

/// The initial chaining value. Its first half is also the third row of every compression.
pub(super) const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The widest group that is one chunk of 1024 bytes.
pub(super) const CHILDREN_PER_CHUNK: usize = 32;

/// Bytes in a block of two children.
pub(super) const PAIR_LEN: u32 = 64;

/// Bytes in the last block of a group of an odd number of children.
pub(super) const SINGLE_LEN: u32 = 32;

const CHUNK_START: u32 = 1 << 0;
const CHUNK_END: u32 = 1 << 1;
const ROOT: u32 = 1 << 3;

/// The flags of a block, by its place in the group.
pub(super) const fn flags(is_first: bool, is_last: bool) -> u32 {
    let start = if is_first { CHUNK_START } else { 0 };
    let end = if is_last { CHUNK_END | ROOT } else { 0 };
    start | end
}

/// Calls the macro `$rounds` with `$arguments` and the message schedule: for each of the
/// seven rounds the order of the sixteen message words, which is the permutation applied zero
/// to six times.
///
/// This is a macro because assembly needs the numbers as text.
macro_rules! with_schedule {
    ($rounds:ident, $($arguments:tt),*) => {
        $rounds! {
            ($($arguments),*)
            [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]
            [2 6 3 10 7 0 4 13 1 11 12 5 9 14 15 8]
            [3 4 10 12 13 2 7 14 6 5 9 0 11 15 8 1]
            [10 7 12 9 14 3 13 15 4 0 11 2 5 8 1 6]
            [12 13 9 11 15 10 14 8 7 2 5 3 0 1 6 4]
            [9 14 11 5 8 12 15 1 13 3 0 10 2 6 4 7]
            [11 15 5 0 1 9 8 6 14 10 2 12 3 4 7 13]
        }
    };
}

pub(super) use with_schedule;
