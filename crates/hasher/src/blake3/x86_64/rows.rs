//! One compression of one group, with each of the four rows of the state in a vector.
//!
//! A compression is one long chain of dependent operations, and its time is the length of the
//! chain. A quarter-round ends with the words of the second row. Therefore the other three rows
//! turn between columns and diagonals: these shuffles run beside the chain.
#![expect(unsafe_code, reason = "calls functions with target features")]

use core::arch::x86_64::*;

use crate::hash::Hash;
use crate::pair_path::PairPath;
use crate::x86_64::cpu::{Avx2, Avx512};

/// Compresses one block of two children into the chaining value.
pub(in crate::blake3) fn compress_avx512(
    _: Avx512,
    cv: &mut [u32; 8],
    block: [&Hash; 2],
    len: u32,
    flags: u32,
) {
    // SAFETY: an `Avx512` exists only on a CPU with these features.
    unsafe { avx512::compress(cv, block, len, flags) }
}

/// Compresses one block of two children into the chaining value.
pub(in crate::blake3) fn compress_avx2(
    _: Avx2,
    cv: &mut [u32; 8],
    block: [&Hash; 2],
    len: u32,
    flags: u32,
) {
    // SAFETY: an `Avx2` exists only on a CPU with these features.
    unsafe { avx2::compress(cv, block, len, flags) }
}

/// Takes a path of pairs `steps` steps up.
pub(in crate::blake3) fn climb_avx512<'a>(
    _: Avx512,
    path: &mut PairPath,
    steps: usize,
    sibling: impl Fn(usize) -> &'a Hash,
) {
    // SAFETY: an `Avx512` exists only on a CPU with these features.
    unsafe { avx512::climb(path, steps, sibling) }
}

/// Takes a path of pairs `steps` steps up.
pub(in crate::blake3) fn climb_avx2<'a>(
    _: Avx2,
    path: &mut PairPath,
    steps: usize,
    sibling: impl Fn(usize) -> &'a Hash,
) {
    // SAFETY: an `Avx2` exists only on a CPU with these features.
    unsafe { avx2::climb(path, steps, sibling) }
}

/// Defines `compress` and `climb`, with the rotations `ror16`, `ror12`, `ror8` and `ror7` in scope.
macro_rules! row_kernel {
    (features: $features:literal) => {
        #[target_feature(enable = $features)]
        pub(super) fn compress(
            cv: &mut [u32; 8],
            [first, second]: [&Hash; 2],
            len: u32,
            flags: u32,
        ) {
            let (cv, _) = cv.as_chunks_mut::<4>();
            let start = [load_words(&cv[0]), load_words(&cv[1])];
            let end = after_rounds(start, load_halves(first), load_halves(second), len, flags);
            store_words(&mut cv[0], end[0]);
            store_words(&mut cv[1], end[1]);
        }

        /// The node stays in registers from step to step. A store and a load would lengthen the
        /// chain at every step.
        #[target_feature(enable = $features)]
        pub(super) fn climb<'a>(
            path: &mut PairPath,
            steps: usize,
            sibling: impl Fn(usize) -> &'a Hash,
        ) {
            let [i0, i1, i2, i3, i4, i5, i6, i7] = IV;
            let start = [load_words(&[i0, i1, i2, i3]), load_words(&[i4, i5, i6, i7])];
            let mut node = load_halves(&path.node);
            for step in (0..steps).filter(|step| path.lifts >> step & 1 == 0) {
                let sibling = load_halves(sibling(step));
                // A blend, because a branch would be mispredicted every other time.
                let turned = _mm_set1_epi32(((path.turns >> step & 1) as i32).wrapping_neg());
                let first = [0, 1].map(|half| _mm_blendv_epi8(node[half], sibling[half], turned));
                let second = [0, 1].map(|half| _mm_blendv_epi8(sibling[half], node[half], turned));
                node = after_rounds(start, first, second, PAIR_LEN, flags(true, true));
            }
            store_halves(&mut path.node, node);
        }

        /// The chaining value after a block.
        #[target_feature(enable = $features)]
        #[inline]
        fn after_rounds(
            cv: [__m128i; 2],
            first: [__m128i; 2],
            second: [__m128i; 2],
            len: u32,
            flags: u32,
        ) -> [__m128i; 2] {
            let [i0, i1, i2, i3, ..] = IV;
            let mut rows = Rows {
                a: cv[0],
                b: cv[1],
                c: load_words(&[i0, i1, i2, i3]),
                d: load_words(&[0, 0, len, flags]),
            };
            let mut message = Message::new(first, second);
            round(&mut rows, &message);
            for _ in 1..7 {
                message = message.permuted();
                round(&mut rows, &message);
            }
            [_mm_xor_si128(rows.a, rows.c), _mm_xor_si128(rows.b, rows.d)]
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn round(rows: &mut Rows, message: &Message) {
            first_half(rows, message.x);
            second_half(rows, message.y);
            rows.turn_to_diagonals();
            first_half(rows, message.z);
            second_half(rows, message.w);
            rows.turn_to_columns();
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn first_half(rows: &mut Rows, words: __m128i) {
            rows.a = _mm_add_epi32(_mm_add_epi32(rows.a, words), rows.b);
            rows.d = ror16(_mm_xor_si128(rows.d, rows.a));
            rows.c = _mm_add_epi32(rows.c, rows.d);
            rows.b = ror12(_mm_xor_si128(rows.b, rows.c));
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn second_half(rows: &mut Rows, words: __m128i) {
            rows.a = _mm_add_epi32(_mm_add_epi32(rows.a, words), rows.b);
            rows.d = ror8(_mm_xor_si128(rows.d, rows.a));
            rows.c = _mm_add_epi32(rows.c, rows.d);
            rows.b = ror7(_mm_xor_si128(rows.b, rows.c));
        }
    };
}

/// The state: sixteen words in four rows.
struct Rows {
    a: __m128i,
    b: __m128i,
    c: __m128i,
    d: __m128i,
}

impl Rows {
    /// Moves the diagonals into columns: the diagonal of word 4 + i of the state into column i.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn turn_to_diagonals(&mut self) {
        self.a = _mm_shuffle_epi32::<{ select(3, 0, 1, 2) }>(self.a);
        self.c = _mm_shuffle_epi32::<{ select(1, 2, 3, 0) }>(self.c);
        self.d = _mm_shuffle_epi32::<{ select(2, 3, 0, 1) }>(self.d);
    }

    /// Undoes [`turn_to_diagonals`](Self::turn_to_diagonals).
    #[target_feature(enable = "avx2")]
    #[inline]
    fn turn_to_columns(&mut self) {
        self.a = _mm_shuffle_epi32::<{ select(1, 2, 3, 0) }>(self.a);
        self.c = _mm_shuffle_epi32::<{ select(3, 0, 1, 2) }>(self.c);
        self.d = _mm_shuffle_epi32::<{ select(2, 3, 0, 1) }>(self.d);
    }
}

/// The message words in the order in which a round takes them: the columns' first and second half
/// take `x` and `y`, the diagonals' `z` and `w`. In the first round that is
///
/// ```text
/// x = 0 2 4 6    y = 1 3 5 7    z = 14 8 10 12    w = 15 9 11 13
/// ```
struct Message {
    x: __m128i,
    y: __m128i,
    z: __m128i,
    w: __m128i,
}

impl Message {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn new([m0, m4]: [__m128i; 2], [m8, m12]: [__m128i; 2]) -> Self {
        Self {
            x: two_of_each::<{ select(0, 2, 0, 2) }>(m0, m4),
            y: two_of_each::<{ select(1, 3, 1, 3) }>(m0, m4),
            z: reorder::<{ select(0, 2, 3, 1) }>(two_of_each::<{ select(2, 0, 0, 2) }>(m12, m8)),
            w: reorder::<{ select(0, 2, 3, 1) }>(two_of_each::<{ select(3, 1, 1, 3) }>(m12, m8)),
        }
    }

    /// The message of the next round, in which each place takes the word that the
    /// permutation names:
    ///
    /// ```text
    /// x = 2 3 7 4    y = 6 10 0 13    z = 15 1 12 9    w = 8 11 5 14
    /// ```
    #[target_feature(enable = "avx2")]
    #[inline]
    fn permuted(&self) -> Self {
        let Self { x, y, z, w } = *self;
        let x_x_y_y = two_of_each::<{ select(1, 2, 1, 3) }>(x, y);
        let x_x_z_w = two_of_each::<{ select(3, 0, 2, 3) }>(x, _mm_blend_epi16::<0xc0>(z, w));
        let w_w_y_z = two_of_each::<{ select(0, 1, 0, 3) }>(w, _mm_blend_epi16::<0xf0>(y, z));
        let z_z_w_y = two_of_each::<{ select(1, 0, 0, 1) }>(z, _mm_unpackhi_epi32(w, y));
        Self {
            x: reorder::<{ select(0, 2, 3, 1) }>(x_x_y_y),
            y: reorder::<{ select(0, 2, 1, 3) }>(x_x_z_w),
            z: reorder::<{ select(0, 2, 3, 1) }>(w_w_y_z),
            w: reorder::<{ select(0, 2, 3, 1) }>(z_z_w_y),
        }
    }
}

/// The selector of a shuffle that takes words `i0` to `i3` in this order.
const fn select(i0: i32, i1: i32, i2: i32, i3: i32) -> i32 {
    i0 | i1 << 2 | i2 << 4 | i3 << 6
}

/// The words of one vector in another order.
#[target_feature(enable = "avx2")]
#[inline]
fn reorder<const SELECT: i32>(words: __m128i) -> __m128i {
    _mm_shuffle_epi32::<SELECT>(words)
}

/// Two selected words of one vector, then two of another.
#[target_feature(enable = "avx2")]
#[inline]
fn two_of_each<const SELECT: i32>(first: __m128i, second: __m128i) -> __m128i {
    let (first, second) = (_mm_castsi128_ps(first), _mm_castsi128_ps(second));
    _mm_castps_si128(_mm_shuffle_ps::<SELECT>(first, second))
}

mod avx512 {
    use core::arch::x86_64::*;

    use super::{Message, Rows};
    use crate::blake3::spec::{IV, PAIR_LEN, flags};
    use crate::hash::Hash;
    use crate::pair_path::PairPath;
    use crate::x86_64::memory::{load_halves, load_words, store_halves, store_words};

    row_kernel! { features: "avx512f,avx512vl" }

    #[target_feature(enable = "avx512f,avx512vl")]
    #[inline]
    fn ror16(a: __m128i) -> __m128i {
        _mm_ror_epi32::<16>(a)
    }

    #[target_feature(enable = "avx512f,avx512vl")]
    #[inline]
    fn ror12(a: __m128i) -> __m128i {
        _mm_ror_epi32::<12>(a)
    }

    #[target_feature(enable = "avx512f,avx512vl")]
    #[inline]
    fn ror8(a: __m128i) -> __m128i {
        _mm_ror_epi32::<8>(a)
    }

    #[target_feature(enable = "avx512f,avx512vl")]
    #[inline]
    fn ror7(a: __m128i) -> __m128i {
        _mm_ror_epi32::<7>(a)
    }
}

mod avx2 {
    use core::arch::x86_64::*;

    use super::{Message, Rows};
    use crate::blake3::spec::{IV, PAIR_LEN, flags};
    use crate::hash::Hash;
    use crate::pair_path::PairPath;
    use crate::x86_64::memory::{load_halves, load_words, store_halves, store_words};

    row_kernel! { features: "avx2" }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn ror16(a: __m128i) -> __m128i {
        _mm_shuffle_epi8(
            a,
            _mm_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13),
        )
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn ror12(a: __m128i) -> __m128i {
        _mm_or_si128(_mm_srli_epi32::<12>(a), _mm_slli_epi32::<20>(a))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn ror8(a: __m128i) -> __m128i {
        _mm_shuffle_epi8(
            a,
            _mm_setr_epi8(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12),
        )
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn ror7(a: __m128i) -> __m128i {
        _mm_or_si128(_mm_srli_epi32::<7>(a), _mm_slli_epi32::<25>(a))
    }
}
