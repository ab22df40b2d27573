//! [`Grain`]: the generator of Poseidon's constants.
//!
//! It is the Grain LFSR in self-shrinking mode of the Poseidon paper (Grassi, Khovratovich,
//! Rechberger, Roy, Schofnegger, "Poseidon: A New Hash Function for Zero-Knowledge Proof Systems",
//! USENIX Security 2021, appendix E), as its authors' script `generate_parameters_grain.sage` has
//! it. The constants of circomlib come from that script.

use crate::element::Element;
use crate::words::is_canonical;

/// Bits of a number of the field.
const FIELD_BITS: u32 = 254;

/// A register of 80 bits; bit 0 is the oldest.
pub(crate) struct Grain(u128);

impl Grain {
    /// The generator for a permutation of `width` elements over BN254.
    pub(crate) fn new(width: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let mut register = 0;
        let mut len = 0;
        // Each field from its high bit to its low one.
        let mut push = |value: u128, bits: u32| {
            for bit in (0..bits).rev() {
                register |= (value >> bit & 1) << len;
                len += 1;
            }
        };
        push(1, 2); // A prime field.
        push(0, 4); // The S-box is a power.
        push(FIELD_BITS.into(), 12);
        push(width as u128, 12);
        push(full_rounds as u128, 10);
        push(partial_rounds as u128, 10);
        push(u128::MAX, 30);
        debug_assert_eq!(len, 80);
        let mut grain = Self(register);
        for _ in 0..160 {
            grain.step();
        }
        grain
    }

    /// The next bit of the register.
    fn step(&mut self) -> u64 {
        let bit = [62, 51, 38, 23, 13, 0].map(|tap| self.0 >> tap & 1);
        let bit = bit.iter().fold(0, |sum, bit| sum ^ bit);
        self.0 = self.0 >> 1 | bit << 79;
        bit as u64
    }

    /// The next bit that the generator gives: the second of a pair whose first is 1.
    fn bit(&mut self) -> u64 {
        loop {
            let (first, second) = (self.step(), self.step());
            if first == 1 {
                return second;
            }
        }
    }

    /// The next number, from its high bit to its low one.
    fn number(&mut self) -> [u64; 4] {
        let mut number = [0; 4];
        for bit in (0..FIELD_BITS).rev() {
            number[bit as usize / 64] |= self.bit() << (bit % 64);
        }
        number
    }

    /// The next number modulo p.
    pub(crate) fn element(&mut self) -> Element {
        Element::new(self.number())
    }

    /// The next number that is below p.
    pub(crate) fn canonical_element(&mut self) -> Element {
        loop {
            let number = self.number();
            if is_canonical(&number) {
                return Element::new(number);
            }
        }
    }
}
