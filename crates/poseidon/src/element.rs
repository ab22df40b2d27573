//! [`Element`]: a number of the scalar field of BN254, in four words of 64 bits.
//!
//! Numbers are kept in Montgomery form: the words of `x` are those of `x * 2^256 mod p`. Every
//! element is below p, so that equal elements have equal words. The bounds in this file need no
//! more of p than that it is below 2^254.

use core::ops::{Add, Mul, Sub};

use crate::wide::{Wide, multiply};
use crate::words::{MODULUS, less_if_not_below, minus};

/// `2^512 mod p`, which takes a number into Montgomery form.
const SQUARED_RADIX: Element = Element([
    0x1bb8_e645_ae21_6da7,
    0x53fe_3ab1_e35c_59e3,
    0x8c49_833d_53bb_8085,
    0x0216_d0b1_7f4e_44a5,
]);

/// An element of the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Element([u64; 4]);

impl Element {
    pub(crate) const ZERO: Self = Self([0; 4]);

    /// The element of a number, which may be p or more.
    pub(crate) fn new(number: [u64; 4]) -> Self {
        // Below 2^256 * p, as `reduce` wants it: the first factor is below 2^256, the second below
        // p.
        Self(Wide::product(&number, &SQUARED_RADIX.0).reduce())
    }

    /// The number of the element, below p.
    pub(crate) fn number(self) -> [u64; 4] {
        Wide::shifted(&[0; 4]).plus_low(&self.0).reduce()
    }

    /// The words of the Montgomery form.
    #[cfg(target_arch = "x86_64")]
    pub(crate) const fn words(self) -> [u64; 4] {
        self.0
    }

    /// `constant + coefficients[0] * values[0] + ..`, over as many as both slices have.
    #[inline]
    pub(crate) fn dot(constant: Self, coefficients: &[Self], values: &[Self]) -> Self {
        // The high half of the sum is below 2 p before each eight products. Each product is below
        // p * p and adds less than p / 4 to the high half, eight of them less than 2 p. The half
        // is thus below 4 p, which is below 2^256.
        const RUN: usize = 8;
        let mut sum = Wide::shifted(&constant.0);
        for (coefficients, values) in coefficients.chunks(RUN).zip(values.chunks(RUN)) {
            for (coefficient, value) in coefficients.iter().zip(values) {
                sum.add_product(&coefficient.0, &value.0);
            }
            sum.settle();
        }
        Self(sum.reduce())
    }

    #[inline]
    pub(crate) fn fifth_power(self) -> Self {
        let square = self * self;
        square * square * self
    }

    /// `1 / self`, by Fermat's little theorem; zero for zero.
    pub(crate) fn inverse(self) -> Self {
        let mut inverse = Self::new([1, 0, 0, 0]);
        // p - 2: the low word of p is more than 2, so nothing is borrowed.
        let mut exponent = MODULUS;
        exponent[0] -= 2;
        for word in exponent.iter().rev() {
            for bit in (0..64).rev() {
                inverse = inverse * inverse;
                if word >> bit & 1 == 1 {
                    inverse = inverse * self;
                }
            }
        }
        inverse
    }
}

impl Mul for Element {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        Self(multiply(&self.0, &other.0))
    }
}

impl Add for Element {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        // Both are below p, so the sum is below 2 p and fits.
        let mut carry = false;
        let sum = core::array::from_fn(|i| {
            let (word, first) = self.0[i].overflowing_add(other.0[i]);
            let (word, second) = word.overflowing_add(u64::from(carry));
            carry = first | second;
            word
        });
        Self(less_if_not_below(sum, &MODULUS))
    }
}

impl Sub for Element {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        match minus(&self.0, &other.0) {
            (difference, false) => Self(difference),
            // Below zero, and so 2^256 too large: taking `2^256 - p` adds p.
            (difference, true) => Self(minus(&difference, &minus(&[0; 4], &MODULUS).0).0),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
