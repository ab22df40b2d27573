//! The lanes beside the scalar code, at the extremes of the bounds.

extern crate std;

use proptest::prelude::*;
use rotortree_hasher::Hash;
use std::io::Write;
use std::sync::OnceLock;
use std::vec::Vec;

use super::*;
use crate::element::{Element, tests::edges};
use crate::order::{BigEndian, LittleEndian};
use crate::parameters::MAX_CHILDREN;
use crate::permutation::{Arithmetic, MAX_TERMS};
use crate::words::{MODULUS, is_canonical};

/// The lanes, where the CPU has them.
fn lanes() -> Option<Ifma> {
    Ifma::detect()
}

#[test]
fn the_log_tells_whether_lanes_were_run() {
    let told = match lanes() {
        Some(_) => "run, with AVX-512 IFMA, beside the scalar code",
        None => "not run: this CPU has no AVX-512 IFMA; the scalar code was",
    };
    // Unlike the macros, this reaches the log of a test that passes.
    writeln!(std::io::stderr(), "Poseidon's lanes were {told}").unwrap();
}

/// A number in every lane, from the list in turn.
fn numbers<const SETS: usize>(list: &[[u64; 4]], first: usize) -> Numbers<SETS> {
    Numbers::from_fn(|lane| list[(first + lane) % list.len()])
}

/// `2^260`: 16 times the `2^256 mod p` in the words of one.
fn radix() -> Element {
    let one = Element::new([1, 0, 0, 0]);
    (0..4).fold(Element::new(one.words()), |sum, _| sum + sum)
}

/// The element whose Montgomery form in lanes is congruent to a number.
fn element(number: [u64; 4]) -> Element {
    static INVERSE: OnceLock<Element> = OnceLock::new();
    Element::new(number) * *INVERSE.get_or_init(|| radix().inverse())
}

fn check_dot<const SETS: usize>(
    cpu: Ifma,
    constant: Element,
    coefficients: &[Element],
    values: &[Numbers<SETS>],
) {
    let forms: Vec<Limbs> = coefficients.iter().map(|c| Limbs::new(*c)).collect();
    let sum = Lanes::<SETS>::new(cpu).dot(&Limbs::new(constant), &forms, values);
    for lane in 0..SETS * LANES {
        let values: Vec<_> = values.iter().map(|v| element(v.number(lane))).collect();
        let expected = Element::dot(constant, coefficients, &values);
        assert_eq!(element(sum.number(lane)), expected, "lane {lane}");
        assert!(sum.limbs_are_carried(lane), "lane {lane}");
    }
}

#[test]
fn constants_are_what_they_say() {
    assert_eq!(Limbs::new(radix()), Limbs::SQUARED_RADIX);
    for number in edges() {
        assert_eq!(Limbs::of_number(number).number(), number);
        assert!(
            Limbs::of_number(number)
                .0
                .iter()
                .all(|limb| *limb < 1 << 52)
        );
    }
}

#[test]
fn the_largest_sums_stay_in_their_columns() {
    let Some(cpu) = lanes() else { return };
    // The largest coefficients by their words in lanes, which are those of p - 1 and of numbers
    // with full limbs; the largest values are 2^256 - 1.
    let form = |number| element(number);
    let extremes: Vec<Element> = edges().into_iter().filter(is_canonical).map(form).collect();
    let largest = [u64::MAX; 4];
    for coefficient in &extremes {
        for terms in [0, 1, 2, MAX_TERMS] {
            let coefficients = [*coefficient].repeat(terms);
            check_dot::<1>(
                cpu,
                *coefficient,
                &coefficients,
                &[numbers(&[largest], 0)].repeat(terms),
            );
            check_dot::<2>(
                cpu,
                *coefficient,
                &coefficients,
                &[numbers(&edges(), 0)].repeat(terms),
            );
        }
    }
}

fn check_powers(cpu: Ifma, values: &Numbers<2>) {
    let powers = Lanes::<2>::new(cpu).fifth_power(values);
    for lane in 0..2 * LANES {
        let expected = element(values.number(lane)).fifth_power();
        assert_eq!(element(powers.number(lane)), expected, "lane {lane}");
        assert!(powers.limbs_are_carried(lane), "lane {lane}");
    }
}

#[test]
fn fifth_powers_of_every_edge() {
    let Some(cpu) = lanes() else { return };
    let edges = edges();
    for first in (0..edges.len()).step_by(2 * LANES) {
        check_powers(cpu, &numbers(&edges, first));
    }
}

/// Lanes, scalar code and the other byte order give one hash for each group.
fn check_hashes(cpu: Ifma, arity: usize, count: usize, number: impl Fn(usize) -> [u64; 4]) {
    let children: Vec<Hash> = (0..arity * count)
        .map(|i| BigEndian::write(number(i)))
        .collect();
    let little: Vec<Hash> = (0..arity * count)
        .map(|i| LittleEndian::write(number(i)))
        .collect();
    let mut parents = [[0; 32]; MOST];
    let mut little_parents = [[0; 32]; MOST];
    hash_up_to_16::<BigEndian>(cpu, arity, &children, &mut parents[..count]);
    hash_up_to_16::<LittleEndian>(cpu, arity, &little, &mut little_parents[..count]);
    for (group, children) in children.chunks_exact(arity).enumerate() {
        let expected = scalar::hash_numbers(arity, |i| BigEndian::read(&children[i]));
        assert_eq!(
            BigEndian::read(&parents[group]),
            expected,
            "{group} of {count}, {arity}"
        );
        assert_eq!(LittleEndian::read(&little_parents[group]), expected);
        assert!(is_canonical(&expected));
    }
}

#[test]
fn every_width_and_count_is_hashed_as_by_the_scalar_code() {
    let Some(cpu) = lanes() else { return };
    let edges = edges();
    for arity in 2..=MAX_CHILDREN {
        for count in 1..=MOST {
            check_hashes(cpu, arity, count, |i| {
                edges[(i + arity * count) % edges.len()]
            });
        }
    }
}

/// A number with limbs at their ends, and a top limb below a bound.
fn structured(top: u64) -> impl Strategy<Value = [u64; 4]> {
    let full = (1 << 52) - 1;
    let ends = prop::sample::select(std::vec![0, 1, 1 << 51, full - 1, full]);
    let limb = prop_oneof![4 => ends, 1 => 0..=full];
    prop::array::uniform5(limb).prop_map(move |mut limbs| {
        limbs[4] = limbs[4].min(top - 1);
        Limbs(limbs).number()
    })
}

proptest! {
    #[test]
    fn sums_and_powers_of_limbs_at_their_ends_are_those_of_the_scalar_code(
        constant in structured(MODULUS[3] >> 16),
        coefficients in prop::collection::vec(structured(MODULUS[3] >> 16), 0..=MAX_TERMS),
        values in prop::collection::vec(structured(1 << 48), 2 * LANES),
    ) {
        if let Some(cpu) = lanes() {
            // The forms in lanes, below p, and values below 2^256.
            let coefficients: Vec<_> = coefficients.into_iter().map(element).collect();
            let terms: Vec<_> = (0..coefficients.len()).map(|i| numbers::<2>(&values, i)).collect();
            check_dot(cpu, element(constant), &coefficients, &terms);
            check_powers(cpu, &numbers(&values, 0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_numbers_are_hashed_as_by_the_scalar_code(
        arity in 2..=MAX_CHILDREN,
        numbers in prop::collection::vec(any::<[u64; 4]>(), MOST * MAX_CHILDREN),
        count in 1..=MOST,
    ) {
        if let Some(cpu) = lanes() {
            check_hashes(cpu, arity, count, |i| numbers[i]);
        }
    }
}
