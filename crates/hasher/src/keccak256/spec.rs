//! The numbers of Keccak-f[1600], and how a group is absorbed.
//!
//! Source: FIPS 202, sections 3.2 and 5; the padding is that of the Keccak submission: one bit
//! behind the message, and one at the end of the block. A lane of 64 bits at (x, y) is word
//! `x + 5 * y` of the state.

/// Words of a block. A child has four.
pub(super) const RATE: usize = 17;

/// The bit behind the message, in the word behind its last one.
pub(super) const PADDING_START: u64 = 1;

/// The last bit of the last block, in its last word.
pub(super) const PADDING_END: u64 = 1 << 63;

/// What each round adds to the first word.
pub(super) static ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Calls the macro `$rows` with `$arguments` and the steps rho and pi: for each row of the result
/// its five words. Each is the word of the state that moves there, the column of that word, and the
/// bits by which it turns left.
///
/// This is a macro because the instructions take the number of bits as a constant.
macro_rules! with_moves {
    ($rows:ident, $($arguments:tt),*) => {
        $rows! {
            ($($arguments),*)
            [0 0 0, 6 1 44, 12 2 43, 18 3 21, 24 4 14]
            [3 3 28, 9 4 20, 10 0 3, 16 1 45, 22 2 61]
            [1 1 1, 7 2 6, 13 3 25, 19 4 8, 20 0 18]
            [4 4 27, 5 0 36, 11 1 10, 17 2 15, 23 3 56]
            [2 2 62, 8 3 55, 14 4 39, 15 0 41, 21 1 2]
        }
    };
}

pub(super) use with_moves;
