//! The field beside that of `ark-bn254`, at the edges of words and of the order.

extern crate std;

use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, Field, PrimeField, Zero};
use proptest::prelude::*;
use std::vec::Vec;

use super::*;
use crate::wide::multiply;
use crate::words::is_canonical;

/// Numbers around 0, p, its multiples, 2^256 and the limbs of 52 and of 64 bits.
pub(crate) fn edges() -> Vec<[u64; 4]> {
    let mut edges = Vec::new();
    let mut around = |number: BigInt<4>| {
        let (mut above, mut below) = (number, number);
        edges.push(number.0);
        for _ in 0..2 {
            above.add_with_carry(&BigInt::one());
            below.sub_with_borrow(&BigInt::one());
            edges.extend([above.0, below.0]);
        }
    };
    around(BigInt::zero());
    for bit in [52, 64, 104, 128, 156, 192, 208, 253, 254, 255] {
        around(BigInt::one() << bit);
    }
    let mut multiple = BigInt::zero();
    for _ in 0..5 {
        multiple.add_with_carry(&Fr::MODULUS);
        around(multiple);
    }
    for limb in 0..5 {
        // One limb of 52 bits full.
        around(BigInt::new([(1 << 52) - 1, 0, 0, 0]) << (52 * limb));
    }
    for low in [52, 104, 156, 192, 208] {
        // Every lower limb or word full, and as much above them as p has.
        around((Fr::MODULUS >> low) << low);
    }
    edges
}

fn arbitrary() -> impl Strategy<Value = [u64; 4]> {
    let edges = edges();
    let ends = prop::sample::select(std::vec![0, 1, 1 << 63, u64::MAX - 1, u64::MAX]);
    prop_oneof![
        any::<[u64; 4]>(),
        (0..edges.len()).prop_map(move |i| edges[i]),
        prop::array::uniform4(prop_oneof![4 => ends, 1 => any::<u64>()]),
    ]
}

/// The element of the other implementation, for any number.
fn theirs(number: [u64; 4]) -> Fr {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.chunks_exact_mut(8).zip(number) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Fr::from_le_bytes_mod_order(&bytes)
}

fn same(ours: Element, theirs: Fr) -> bool {
    is_canonical(&ours.number()) && ours.number() == theirs.into_bigint().0
}

#[test]
fn the_order_and_the_radix_are_those_of_the_curve() {
    assert_eq!(MODULUS, Fr::MODULUS.0);
    assert_eq!(SQUARED_RADIX.0, Fr::R2.0);
}

#[test]
fn only_numbers_below_the_order_are_canonical() {
    for number in edges() {
        assert_eq!(is_canonical(&number), BigInt(number) < Fr::MODULUS);
    }
}

#[test]
fn every_pair_of_edges_gives_what_the_other_field_gives() {
    for a in edges() {
        let (x, fx) = (Element::new(a), theirs(a));
        assert!(same(x, fx), "{a:x?}");
        assert!(same(x.fifth_power(), fx.pow([5])), "{a:x?}");
        assert!(same(x.inverse(), fx.inverse().unwrap_or(Fr::zero())));
        for b in edges() {
            let (y, fy) = (Element::new(b), theirs(b));
            assert!(same(x + y, fx + fy), "{a:x?} + {b:x?}");
            assert!(same(x - y, fx - fy), "{a:x?} - {b:x?}");
            assert!(same(x * y, fx * fy), "{a:x?} * {b:x?}");
        }
    }
}

#[test]
fn the_longest_sums_of_the_largest_elements_do_not_overflow() {
    // Debug assertions watch the carries.
    let largest = Element::ZERO - Element::new([1, 0, 0, 0]);
    // The largest words, which make the largest sums: those of p - 1.
    let words = Element(minus(&MODULUS, &[1, 0, 0, 0]).0);
    for element in [largest, words] {
        for len in 0..=25 {
            let elements = [element].repeat(len);
            let sum = elements.iter().fold(element, |sum, x| sum + *x * *x);
            assert_eq!(Element::dot(element, &elements, &elements), sum, "{len}");
        }
    }
}

#[test]
fn the_product_by_words_is_that_of_a_whole_sum() {
    for a in edges().into_iter().filter(is_canonical) {
        for b in edges().into_iter().filter(is_canonical) {
            assert_eq!(multiply(&a, &b), Wide::product(&a, &b).reduce());
        }
    }
}

proptest! {
    #[test]
    fn sums_of_products_are_those_of_the_other_field(
        constant in arbitrary(),
        terms in prop::collection::vec((arbitrary(), arbitrary()), 0..=25),
    ) {
        let (coefficients, values): (Vec<_>, Vec<_>) = terms
            .iter()
            .map(|(a, b)| (Element::new(*a), Element::new(*b)))
            .unzip();
        let sum = terms.iter().fold(theirs(constant), |sum, (a, b)| {
            sum + theirs(*a) * theirs(*b)
        });
        prop_assert!(same(Element::dot(Element::new(constant), &coefficients, &values), sum));
    }
}
