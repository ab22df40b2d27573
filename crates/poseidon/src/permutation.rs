//! Poseidon over any arithmetic: the steps of a [`Schedule`] in order.

use crate::element::Element;
use crate::parameters::{MAX_CHILDREN, MAX_WIDTH};
use crate::schedule::{ENTRY, EXIT, LAST, Schedule};

/// One element of the field, or one in each lane.
pub(crate) trait Arithmetic: Copy {
    /// An element that every lane shares.
    type Constant;

    const ZERO: Self;

    /// `constant + coefficients[0] * values[0] + ..`, over as many as both slices have: at most
    /// [`MAX_TERMS`].
    fn dot(constant: &Self::Constant, coefficients: &[Self::Constant], values: &[Self]) -> Self;

    #[must_use]
    fn fifth_power(self) -> Self;
}

/// The most products in a sum: those of a partial round of the widest state.
pub(crate) const MAX_TERMS: usize = 2 * MAX_CHILDREN + 1;

impl Arithmetic for Element {
    type Constant = Self;

    const ZERO: Self = Self::ZERO;

    #[inline]
    fn dot(constant: &Self, coefficients: &[Self], values: &[Self]) -> Self {
        Self::dot(*constant, coefficients, values)
    }

    #[inline]
    fn fifth_power(self) -> Self {
        self.fifth_power()
    }
}

/// The hash of a group. `child(i, constant)` is child `i` plus the constant.
#[inline]
pub(crate) fn hash<A: Arithmetic>(
    schedule: &Schedule<A::Constant>,
    child: impl Fn(usize, &A::Constant) -> A,
) -> A {
    let width = schedule.width;
    let mut state = [A::ZERO; MAX_WIDTH];
    let state = &mut state[..width];
    let (first, rest) = schedule.constants(0).split_at(1);
    state[0] = A::dot(&first[0], &[], &[]);
    for (i, (slot, constant)) in state[1..].iter_mut().zip(rest).enumerate() {
        *slot = child(i, constant);
    }
    for step in 1..=ENTRY {
        full_round(schedule, step, state);
    }
    partial_rounds(schedule, state);
    for step in EXIT + 1..LAST {
        full_round(schedule, step, state);
    }
    // The hash is the first element alone.
    for element in &mut *state {
        *element = element.fifth_power();
    }
    let row = schedule.rows(LAST).next().unwrap_or_default();
    A::dot(&schedule.constants(LAST)[0], row, state)
}

/// The S-boxes of a full round and the linear step after them.
fn full_round<A: Arithmetic>(schedule: &Schedule<A::Constant>, step: usize, state: &mut [A]) {
    let mut powers = [A::ZERO; MAX_WIDTH];
    let powers = &mut powers[..state.len()];
    for (power, element) in powers.iter_mut().zip(&*state) {
        *power = element.fifth_power();
    }
    let sums = schedule.constants(step).iter().zip(schedule.rows(step));
    for (element, (constant, row)) in state.iter_mut().zip(sums) {
        *element = A::dot(constant, row, powers);
    }
}

/// The partial rounds. Before them the state has the first output, and the outputs of the virtual
/// history by their slots; after them it is the state of the next full round.
fn partial_rounds<A: Arithmetic>(schedule: &Schedule<A::Constant>, state: &mut [A]) {
    let order = state.len() - 1;
    // For each slot an input and an output, then the newest input.
    let mut terms = [A::ZERO; MAX_TERMS];
    let terms = &mut terms[..2 * order + 1];
    for (slot, output) in state[1..].iter().enumerate() {
        terms[2 * slot + 1] = *output;
    }
    let mut output = state[0];
    let mut slot = 0;
    for (round, constant) in schedule.partial.iter().enumerate() {
        let input = output.fifth_power();
        terms[2 * order] = input;
        output = A::dot(constant, schedule.recurrence(round), terms);
        terms[2 * slot] = input;
        terms[2 * slot + 1] = output;
        slot = if slot + 1 < order { slot + 1 } else { 0 };
    }
    state[0] = output;
    let sums = schedule.constants(EXIT)[1..]
        .iter()
        .zip(schedule.rows(EXIT));
    for (element, (constant, row)) in state[1..].iter_mut().zip(sums) {
        *element = A::dot(constant, row, &terms[..2 * order]);
    }
}
