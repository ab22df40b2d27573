//! [`Numbers`]: a number in each lane, and the arithmetic on them, [`Lanes`].
//!
//! # Bounds
//!
//! Numbers are in Montgomery form with the radix `R = 2^260`, of which five limbs of 52 bits have
//! 260. p is below 2^254, so `64 p` is below R, and no number needs to be brought below p before
//! the last. Two things are to be shown: that numbers stay below 2^256 (*closure*), and that no sum
//! of limbs leaves its 64 bits (*columns*).
//!
//! *Closure.* A [`dot`](Lanes::dot) adds up to [`MAX_TERMS`] = 25 products of a coefficient below p
//! and a value below 2^256, and `R` times a constant below p. The reduction adds `q p` with q below
//! R and divides by R. The result is below
//!
//! ```text
//! 25 * 2^256 * p / R + p + p  =  25 p / 16 + 2 p  <  4 p  <  2^256
//! ```
//!
//! A product of two values below 2^256 is reduced to less than `2^512 / R + p = 2^252 + p`, which
//! is below 2^256. So closure holds for every value, whatever the steps, as soon as it holds for
//! what enters: numbers of 256 bits.
//!
//! *Columns.* A column is the sum of limbs of one weight. IFMA adds the low or the high 52 bits of
//! a product of two limbs, and reads only the low 52 bits of its factors, so every factor must have
//! its carries taken out; [`carried`] does that, and closure leaves less than 2^48 for the top
//! limb. A product of five limbs by five adds at most 5 low and 5 high parts to a column, 25
//! products at most 250; the constant adds one, the reduction at most 10 and a carry below 2^12,
//! which is less than one more. A column is below `262 * 2^52`, less than 2^61. A square doubles at
//! most 10 parts, and has less.
//!
//! *The end.* Multiplied by 1, a value below 2^256 is reduced to at most
//! `2^256 / R + p = p + 1/16`, so to at most p, and one subtraction makes it canonical.
#![expect(unsafe_code, reason = "calls functions with target features")]

use core::arch::x86_64::*;

use super::cpu::Ifma;
use super::limbs::{BITS, Limbs};
use crate::permutation::{self, Arithmetic, MAX_TERMS};
use crate::schedule::Schedule;
use crate::words::{MODULUS, less_if_not_below};

/// Lanes of a vector.
pub(super) const LANES: usize = 8;

/// `-1 / p mod 2^52`.
const NEGATIVE_INVERSE: u64 = 0x1_f593_efff_ffff;

/// A limb of eight numbers.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Row([u64; LANES]);

/// Numbers below 2^256 in limbs below 2^52: `SETS` sets of eight.
#[derive(Clone, Copy)]
pub(super) struct Numbers<const SETS: usize>([[Row; 5]; SETS]);

/// The columns of a sum, from the weight 1 up, for each set.
type Columns<const SETS: usize> = [[__m512i; 10]; SETS];

impl<const SETS: usize> Numbers<SETS> {
    const ZERO: Self = Self([[Row([0; LANES]); 5]; SETS]);

    /// The numbers by their lanes.
    #[inline(always)]
    pub(super) fn from_fn(number: impl Fn(usize) -> [u64; 4]) -> Self {
        let mut numbers = Self::ZERO;
        for (set, limbs) in numbers.0.iter_mut().enumerate() {
            for lane in 0..LANES {
                let Limbs(number) = Limbs::of_number(number(set * LANES + lane));
                for (row, limb) in limbs.iter_mut().zip(number) {
                    row.0[lane] = limb;
                }
            }
        }
        numbers
    }

    /// The number in a lane.
    #[inline(always)]
    pub(super) fn number(&self, lane: usize) -> [u64; 4] {
        let limbs = self.0[lane / LANES].map(|row| row.0[lane % LANES]);
        Limbs(limbs).number()
    }
}

#[cfg(test)]
impl<const SETS: usize> Numbers<SETS> {
    /// Whether the number in a lane is below 2^256 and its limbs below 2^52.
    pub(super) fn limbs_are_carried(&self, lane: usize) -> bool {
        let limbs = self.0[lane / LANES].map(|row| row.0[lane % LANES]);
        limbs.iter().all(|limb| *limb < 1 << BITS) && limbs[4] < 1 << 48
    }
}

/// The arithmetic on [`Numbers`], on a CPU that has it.
#[derive(Clone, Copy)]
pub(super) struct Lanes<const SETS: usize>(Ifma);

impl<const SETS: usize> Lanes<SETS> {
    pub(super) fn new(cpu: Ifma) -> Self {
        Self(cpu)
    }

    /// The hash of a group in each lane. `child(i)` is child `i` of each.
    pub(super) fn hash(
        self,
        schedule: &Schedule<Limbs>,
        child: impl Fn(usize) -> Numbers<SETS>,
    ) -> Numbers<SETS> {
        // SAFETY: an `Ifma` exists only on a CPU with these features.
        unsafe { hash(self, schedule, child) }
    }
}

/// The whole hash, so that numbers move between its steps in whole vectors.
#[target_feature(enable = "avx512f,avx512ifma")]
fn hash<const SETS: usize>(
    lanes: Lanes<SETS>,
    schedule: &Schedule<Limbs>,
    child: impl Fn(usize) -> Numbers<SETS>,
) -> Numbers<SETS> {
    let hash = permutation::hash(lanes, schedule, |i, constant| {
        lanes.dot(constant, &[Limbs::SQUARED_RADIX], &[child(i)])
    });
    let mut hash = lanes.dot(&Limbs::ZERO, &[Limbs::ONE], &[hash]);
    let canonical: [[u64; 4]; 2 * LANES] = core::array::from_fn(|lane| {
        if lane < SETS * LANES {
            less_if_not_below(hash.number(lane), &MODULUS)
        } else {
            [0; 4]
        }
    });
    hash = Numbers::from_fn(|lane| canonical[lane]);
    hash
}

impl<const SETS: usize> Arithmetic for Lanes<SETS> {
    type Element = Numbers<SETS>;
    type Constant = Limbs;

    const ZERO: Self::Element = Numbers::ZERO;

    #[inline(always)]
    fn dot(
        self,
        constant: &Limbs,
        coefficients: &[Limbs],
        values: &[Self::Element],
    ) -> Self::Element {
        // SAFETY: an `Ifma` exists only on a CPU with these features.
        unsafe { dot(constant, coefficients, values) }
    }

    #[inline(always)]
    fn fifth_power(self, number: &Self::Element) -> Self::Element {
        // SAFETY: an `Ifma` exists only on a CPU with these features.
        unsafe { fifth_power(number) }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn dot<const SETS: usize>(
    Limbs(constant): &Limbs,
    coefficients: &[Limbs],
    values: &[Numbers<SETS>],
) -> Numbers<SETS> {
    debug_assert!(coefficients.len().min(values.len()) <= MAX_TERMS);
    let mut sum = no_columns();
    for (i, limb) in constant.iter().enumerate() {
        for columns in &mut sum {
            columns[5 + i] = splat(*limb);
        }
    }
    for (Limbs(coefficient), Numbers(value)) in coefficients.iter().zip(values) {
        for (i, limb) in coefficient.iter().enumerate() {
            let limb = splat(*limb);
            for (columns, value) in sum.iter_mut().zip(value) {
                for (j, row) in value.iter().enumerate() {
                    multiply_add(columns, i + j, limb, load(row));
                }
            }
        }
    }
    reduce(sum)
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn fifth_power<const SETS: usize>(number: &Numbers<SETS>) -> Numbers<SETS> {
    let square = square(number);
    let fourth = self::square(&square);
    let mut sum = no_columns();
    for ((columns, a), b) in sum.iter_mut().zip(&fourth.0).zip(&number.0) {
        for (i, a) in a.iter().enumerate() {
            let a = load(a);
            for (j, b) in b.iter().enumerate() {
                multiply_add(columns, i + j, a, load(b));
            }
        }
    }
    reduce(sum)
}

#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn square<const SETS: usize>(number: &Numbers<SETS>) -> Numbers<SETS> {
    let mut sum = no_columns();
    for (columns, rows) in sum.iter_mut().zip(&number.0) {
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate().skip(i + 1) {
                multiply_add(columns, i + j, load(a), load(b));
            }
        }
        for column in columns.iter_mut() {
            *column = _mm512_add_epi64(*column, *column);
        }
        for (i, a) in rows.iter().enumerate() {
            multiply_add(columns, 2 * i, load(a), load(a));
        }
    }
    reduce(sum)
}

/// `sum / R` modulo p, with carries taken out.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn reduce<const SETS: usize>(mut sum: Columns<SETS>) -> Numbers<SETS> {
    let inverse = splat(NEGATIVE_INVERSE);
    for i in 0..5 {
        for columns in &mut sum {
            // What makes the low 52 bits of the column zero.
            let factor = _mm512_madd52lo_epu64(splat(0), columns[i], inverse);
            for (j, limb) in Limbs::MODULUS.0.into_iter().enumerate() {
                multiply_add(columns, i + j, factor, splat(limb));
            }
            columns[i + 1] = carry(columns[i], columns[i + 1]);
        }
    }
    let mut numbers = Numbers::ZERO;
    for (columns, rows) in sum.iter_mut().zip(&mut numbers.0) {
        for i in 5..9 {
            columns[i + 1] = carry(columns[i], columns[i + 1]);
            columns[i] = _mm512_and_si512(columns[i], splat((1 << BITS) - 1));
        }
        for (row, column) in rows.iter_mut().zip(&columns[5..]) {
            store(row, *column);
        }
    }
    numbers
}

/// `columns += a * b` for two limbs, whose product has the weight of column `weight`.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn multiply_add(columns: &mut [__m512i; 10], weight: usize, a: __m512i, b: __m512i) {
    columns[weight] = _mm512_madd52lo_epu64(columns[weight], a, b);
    columns[weight + 1] = _mm512_madd52hi_epu64(columns[weight + 1], a, b);
}

/// The column `above`, with what the column below it has above 52 bits.
#[target_feature(enable = "avx512f")]
#[inline]
fn carry(column: __m512i, above: __m512i) -> __m512i {
    _mm512_add_epi64(above, _mm512_srli_epi64::<BITS>(column))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn no_columns<const SETS: usize>() -> Columns<SETS> {
    [[splat(0); 10]; SETS]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(limb: u64) -> __m512i {
    _mm512_set1_epi64(limb.cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(Row(row): &Row) -> __m512i {
    // SAFETY: the reference is to 64 bytes that can be read, aligned as the type says.
    unsafe { _mm512_load_si512(row.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(Row(row): &mut Row, vector: __m512i) {
    // SAFETY: the reference is to 64 bytes that can be written, aligned as the type says.
    unsafe { _mm512_store_si512(row.as_mut_ptr().cast(), vector) }
}
