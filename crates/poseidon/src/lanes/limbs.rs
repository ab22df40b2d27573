//! [`Limbs`]: a number in five limbs of 52 bits.

use crate::element::Element;
use crate::words::MODULUS;

/// Bits of a limb.
pub(super) const BITS: u32 = 52;

const MASK: u64 = (1 << BITS) - 1;

/// A number below 2^256, in limbs from the low one up. Each is below 2^52.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limbs(pub(super) [u64; 5]);

impl Limbs {
    pub(super) const ZERO: Self = Self([0; 5]);

    /// What takes a number out of Montgomery form.
    pub(super) const ONE: Self = Self([1, 0, 0, 0, 0]);

    /// `2^520 mod p`, which takes a number into Montgomery form.
    pub(super) const SQUARED_RADIX: Self = Self([
        0x0_b852_d16d_a6f5,
        0xc_6216_20cd_dce3,
        0xa_f1b9_5343_ffb6,
        0xc_3c15_e103_e7c2,
        0x0_0281_528f_a122,
    ]);

    /// p.
    pub(super) const MODULUS: Self = Self::of_number(MODULUS);

    /// An element in the Montgomery form of this arithmetic: `x * 2^260 mod p`. It is below p.
    pub(super) fn new(element: Element) -> Self {
        // The words are those of `x * 2^256 mod p`.
        let scaled = (0..4).fold(element, |sum, _| sum + sum);
        Self::of_number(scaled.words())
    }

    pub(super) const fn of_number(words: [u64; 4]) -> Self {
        let [a, b, c, d] = words;
        Self([
            a & MASK,
            (a >> 52 | b << 12) & MASK,
            (b >> 40 | c << 24) & MASK,
            (c >> 28 | d << 36) & MASK,
            d >> 16,
        ])
    }

    /// The words of the number.
    pub(super) const fn number(self) -> [u64; 4] {
        let [a, b, c, d, e] = self.0;
        [
            a | b << 52,
            b >> 12 | c << 40,
            c >> 24 | d << 28,
            d >> 36 | e << 16,
        ]
    }
}
