//! [`Wide`]: a sum of products of words, reduced once.
//!
//! A sum is reduced by the method of Montgomery ("Modular multiplication without trial division",
//! 1985), product by product or after several products. The bounds need no more of p than that it
//! is below 2^254.

use crate::words::{MODULUS, less_if_not_below, minus};

/// `-1 / p mod 2^64`.
const NEGATIVE_INVERSE: u64 = {
    // Newton's iteration doubles the number of correct bits; an odd number is its own inverse in
    // three bits.
    let mut inverse = MODULUS[0];
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(MODULUS[0].wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg()
};

/// `2 p`.
const DOUBLE_MODULUS: [u64; 4] = [
    MODULUS[0] << 1,
    MODULUS[1] << 1 | MODULUS[0] >> 63,
    MODULUS[2] << 1 | MODULUS[1] >> 63,
    MODULUS[3] << 1 | MODULUS[2] >> 63,
];

/// A number below 2^512, from the low word up.
#[derive(Clone, Copy)]
pub(crate) struct Wide([u64; 8]);

impl Wide {
    /// `number * 2^256`: what stays of the number after a reduction is the number itself.
    #[inline]
    pub(crate) fn shifted(number: &[u64; 4]) -> Self {
        let mut wide = [0; 8];
        wide[4..].copy_from_slice(number);
        Self(wide)
    }

    /// `a * b`.
    #[inline]
    pub(crate) fn product(a: &[u64; 4], b: &[u64; 4]) -> Self {
        let mut wide = [0; 8];
        for i in 0..4 {
            let mut carry = 0;
            for j in 0..4 {
                (wide[i + j], carry) = multiply_add(wide[i + j], a[i], b[j], carry);
            }
            wide[i + 4] = carry;
        }
        Self(wide)
    }

    /// Adds a number to one whose low half is zero.
    #[inline]
    pub(crate) fn plus_low(mut self, number: &[u64; 4]) -> Self {
        debug_assert_eq!(self.0[..4], [0; 4]);
        self.0[..4].copy_from_slice(number);
        self
    }

    /// Adds `a * b`. The caller has the proof that the sum is below 2^512.
    #[inline]
    pub(crate) fn add_product(&mut self, a: &[u64; 4], b: &[u64; 4]) {
        let wide = &mut self.0;
        let mut above = 0;
        for i in 0..4 {
            let mut carry = 0;
            for j in 0..4 {
                (wide[i + j], carry) = multiply_add(wide[i + j], a[i], b[j], carry);
            }
            (wide[i + 4], above) = add(wide[i + 4], carry, above);
        }
        debug_assert_eq!(above, 0, "the sum of products overflows");
    }

    /// Brings the high half below `2 p`; the remainder modulo p stays.
    #[inline]
    pub(crate) fn settle(&mut self) {
        // A half whose high word is below that of `2 p` is itself below.
        if self.0[7] >= DOUBLE_MODULUS[3] {
            self.settle_high();
        }
    }

    /// Rare where there are few products, and kept out of the way of the others.
    #[cold]
    fn settle_high(&mut self) {
        // The half is below 2^256, which is less than 6 p.
        let mut high = self.high();
        while let (less, false) = minus(&high, &DOUBLE_MODULUS) {
            high = less;
        }
        self.0[4..].copy_from_slice(&high);
    }

    #[inline]
    fn high(&self) -> [u64; 4] {
        [self.0[4], self.0[5], self.0[6], self.0[7]]
    }

    /// `self / 2^256` modulo p, below p. The high half is at most `2 p`.
    ///
    /// A multiple `q * p` with q below 2^256 makes the low half zero. The quotient is then at most
    /// the high half, p and a carry together, below `3 p + 2`.
    #[inline]
    pub(crate) fn reduce(self) -> [u64; 4] {
        let mut wide = self.0;
        let mut above = 0;
        for i in 0..4 {
            let factor = wide[i].wrapping_mul(NEGATIVE_INVERSE);
            let mut carry = 0;
            for j in 0..4 {
                (wide[i + j], carry) = multiply_add(wide[i + j], factor, MODULUS[j], carry);
            }
            (wide[i + 4], above) = add(wide[i + 4], carry, above);
        }
        debug_assert_eq!(above, 0, "the quotient is below 4 p");
        let mut reduced = Self(wide);
        reduced.settle();
        less_if_not_below(reduced.high(), &MODULUS)
    }
}

/// `a * b / 2^256` modulo p, below p, for factors below p: a reduction word by word beside the
/// product, which keeps the sum in four words.
///
/// After each word `sum` is below `2 p`: the word `a` and the factor are at most `2^64 - 1`, and b
/// is below p, so it is below `(2 p + (2^64 - 1) (p + p)) / 2^64`, which is `2 p`. That is below
/// 2^255, so no word is needed above the fourth, where the two carries add up to less than 2^63.
#[inline]
pub(crate) fn multiply(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut sum = [0; 4];
    for word in a {
        let mut carry;
        (sum[0], carry) = multiply_add(sum[0], *word, b[0], 0);
        let factor = sum[0].wrapping_mul(NEGATIVE_INVERSE);
        let (_, mut reduced) = multiply_add(sum[0], factor, MODULUS[0], 0);
        for j in 1..4 {
            (sum[j], carry) = multiply_add(sum[j], *word, b[j], carry);
            (sum[j - 1], reduced) = multiply_add(sum[j], factor, MODULUS[j], reduced);
        }
        sum[3] = carry + reduced;
    }
    less_if_not_below(sum, &MODULUS)
}

/// `sum + a * b + carry`, as its low and its high word. It is below 2^128: the largest is
/// `(2^64 - 1)^2 + 2 (2^64 - 1)`, which is `2^128 - 1`.
#[inline]
fn multiply_add(sum: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(a) * u128::from(b) + u128::from(sum) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

/// `a + b + carry`, as its low and its high word.
#[inline]
fn add(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(a) + u128::from(b) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}
