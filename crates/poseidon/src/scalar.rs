//! One group after the other, in plain Rust.

use crate::cache::Cache;
use crate::element::Element;
use crate::permutation::{self, Arithmetic};
use crate::schedule::Schedule;

static SCHEDULES: Cache<Element> = Cache::new();

/// The schedule for groups of `children`.
pub(crate) fn schedule(children: usize) -> &'static Schedule<Element> {
    SCHEDULES.get(children, Schedule::new)
}

/// The hash of numbers, which may be p or more.
pub(crate) fn hash_numbers(children: usize, child: impl Fn(usize) -> [u64; 4]) -> [u64; 4] {
    let hash = permutation::hash(Scalar, schedule(children), |i, constant| {
        Element::new(child(i)) + *constant
    });
    Element::number(hash)
}

/// Elements one by one.
#[derive(Clone, Copy)]
struct Scalar;

impl Arithmetic for Scalar {
    type Element = Element;
    type Constant = Element;

    const ZERO: Element = Element::ZERO;

    #[inline]
    fn dot(self, constant: &Element, coefficients: &[Element], values: &[Element]) -> Element {
        Element::dot(*constant, coefficients, values)
    }

    #[inline]
    fn fifth_power(self, element: &Element) -> Element {
        element.fifth_power()
    }
}
