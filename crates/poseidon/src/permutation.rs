//! Poseidon over any arithmetic: the steps of a [`Schedule`] in order.

use crate::parameters::{MAX_CHILDREN, MAX_WIDTH};
use crate::schedule::{ENTRY, EXIT, LAST, Schedule};

/// Elements of the field: one, or one in each lane.
pub(crate) trait Arithmetic: Copy {
    type Element: Copy;

    /// An element that every lane shares.
    type Constant;

    const ZERO: Self::Element;

    /// `constant + coefficients[0] * values[0] + ..`, over as many as both slices have: at most
    /// [`MAX_TERMS`].
    fn dot(
        self,
        constant: &Self::Constant,
        coefficients: &[Self::Constant],
        values: &[Self::Element],
    ) -> Self::Element;

    fn fifth_power(self, element: &Self::Element) -> Self::Element;
}

/// The most products in a sum: those of a partial round of the widest state.
pub(crate) const MAX_TERMS: usize = 2 * MAX_CHILDREN + 1;

/// The hash of a group. `child(i, constant)` is child `i` plus the constant.
///
/// Inlined, like its steps, so that they are compiled for the CPU that the arithmetic wants.
#[inline(always)]
pub(crate) fn hash<A: Arithmetic>(
    arithmetic: A,
    schedule: &Schedule<A::Constant>,
    child: impl Fn(usize, &A::Constant) -> A::Element,
) -> A::Element {
    let width = schedule.width;
    let mut state = [A::ZERO; MAX_WIDTH];
    let state = &mut state[..width];
    let (first, rest) = schedule.constants(0).split_at(1);
    state[0] = arithmetic.dot(&first[0], &[], &[]);
    for (i, (slot, constant)) in state[1..].iter_mut().zip(rest).enumerate() {
        *slot = child(i, constant);
    }
    for step in 1..=ENTRY {
        full_round(arithmetic, schedule, step, state);
    }
    partial_rounds(arithmetic, schedule, state);
    for step in EXIT + 1..LAST {
        full_round(arithmetic, schedule, step, state);
    }
    // The hash is the first element alone.
    for element in &mut *state {
        *element = arithmetic.fifth_power(element);
    }
    let row = schedule.rows(LAST).next().unwrap_or_default();
    arithmetic.dot(&schedule.constants(LAST)[0], row, state)
}

/// The S-boxes of a full round and the linear step after them.
#[inline(always)]
fn full_round<A: Arithmetic>(
    arithmetic: A,
    schedule: &Schedule<A::Constant>,
    step: usize,
    state: &mut [A::Element],
) {
    let mut powers = [A::ZERO; MAX_WIDTH];
    let powers = &mut powers[..state.len()];
    for (power, element) in powers.iter_mut().zip(&*state) {
        *power = arithmetic.fifth_power(element);
    }
    let sums = schedule.constants(step).iter().zip(schedule.rows(step));
    for (element, (constant, row)) in state.iter_mut().zip(sums) {
        *element = arithmetic.dot(constant, row, powers);
    }
}

/// The partial rounds. Before them the state has the first output, and the outputs of the virtual
/// history by their slots; after them it is the state of the next full round.
#[inline(always)]
fn partial_rounds<A: Arithmetic>(
    arithmetic: A,
    schedule: &Schedule<A::Constant>,
    state: &mut [A::Element],
) {
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
        let input = arithmetic.fifth_power(&output);
        terms[2 * order] = input;
        output = arithmetic.dot(constant, schedule.recurrence(round), terms);
        terms[2 * slot] = input;
        terms[2 * slot + 1] = output;
        slot = if slot + 1 < order { slot + 1 } else { 0 };
    }
    state[0] = output;
    let sums = schedule.constants(EXIT)[1..]
        .iter()
        .zip(schedule.rows(EXIT));
    for (element, (constant, row)) in state[1..].iter_mut().zip(sums) {
        *element = arithmetic.dot(constant, row, &terms[..2 * order]);
    }
}
