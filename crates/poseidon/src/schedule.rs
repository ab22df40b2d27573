//! [`Schedule`]: Poseidon's constants rearranged, so that a partial round is one sum of products.
//!
//! The hash is the same; the order of the linear work is not. The known rearrangement (Poseidon
//! paper, appendix B; Filecoin's specification) makes the matrix of a partial round sparse: it
//! then takes `width` sums. Here a partial round takes one.
//!
//! # Derivation
//!
//! Write a state as `(y, x)`: the first element and the `d = width - 1` others. Constants of `x`
//! pass a partial S-box unchanged, so the matrix carries them to the next round, and only
//! constants of `y` remain. With the matrix split as `((m, v), (w, M))` and
//! `u_n = (y_n + k_n)^5`, partial round `n` is
//!
//! ```text
//! y_(n+1) = m u_n + v x_n        x_(n+1) = w u_n + M x_n
//! ```
//!
//! This is a linear system with one input `u`, one output `y` and constant coefficients, so `y`
//! obeys a recurrence over the last `d` inputs and outputs. With `h_i = v M^-i` and
//! `g_i = h_i w`, going back from `x_n` through `i` rounds gives
//!
//! ```text
//! h_i x_n = y_(n-i+1) - m u_(n-i) + sum of g_(i-j+1) u_(n-j) over j = 1..i            (1)
//! ```
//!
//! The rows `h_1 .. h_d` form a regular matrix `H`, so `v = sum of a_i h_i` has a solution `a`, and
//! (1) turns `y_(n+1) = m u_n + v x_n` into
//!
//! ```text
//! y_(n+1) = m u_n + sum of (a_i y_(n-i+1) + b_i u_(n-i)) over i = 1..d
//! b_j     = sum of a_i g_(i-j+1) over i = j..d, minus a_j m
//! ```
//!
//! Before the first partial round the history is virtual: inputs 0 and outputs
//! `y_(1-i) = h_i x_0`, for which (1) holds as well. `H` therefore joins the matrix of the full
//! round before (`entry`). After the last partial round, (1) for `i = 1..d` gives `H x_N`, and with
//! `H` inverted (`exit`) the state. Last, `y` is kept with its constant added, `y_n + k_n`, which
//! changes nothing but the constants.

use alloc::vec::Vec;

use crate::element::Element;
use crate::matrix::{Matrix, dot};
use crate::parameters::{HALF_FULL_ROUNDS, Parameters};

/// The constants of one width, in the form that some arithmetic wants.
pub(crate) struct Schedule<C> {
    /// Number of elements of a state.
    pub(crate) width: usize,
    /// `width` constants for each linear step outside of the partial rounds: the children, three
    /// full rounds, `entry`, `exit` (without the first), three full rounds, the hash.
    constants: Vec<C>,
    matrix: Vec<C>,
    /// To the first `y`, and to the outputs of the virtual history by their slots.
    entry: Vec<C>,
    /// From the history, by its slots, to the state without its first element.
    exit: Vec<C>,
    /// The coefficients of partial rounds: see [`recurrence`](Self::recurrence).
    recurrence: Vec<C>,
    /// A constant for each partial round.
    pub(crate) partial: Vec<C>,
}

/// The linear step at which the partial rounds begin.
pub(crate) const ENTRY: usize = HALF_FULL_ROUNDS;

/// The linear step at which they end.
pub(crate) const EXIT: usize = ENTRY + 1;

/// The linear step after the last full round.
pub(crate) const LAST: usize = EXIT + HALF_FULL_ROUNDS;

impl<C> Schedule<C> {
    /// The constants of a linear step.
    pub(crate) fn constants(&self, step: usize) -> &[C] {
        &self.constants[step * self.width..][..self.width]
    }

    /// The coefficients of a linear step, row by row.
    pub(crate) fn rows(&self, step: usize) -> impl Iterator<Item = &[C]> {
        let (matrix, columns) = match step {
            ENTRY => (&self.entry, self.width),
            EXIT => (&self.exit, 2 * (self.width - 1)),
            _ => (&self.matrix, self.width),
        };
        matrix.chunks_exact(columns)
    }

    /// The coefficients of partial round `round`: `b` and `a` of each slot of the history, then
    /// `m`.
    ///
    /// Round `n` leaves its input and its output in slot `n % d`, in place of those of round
    /// `n - d`. What is `i` rounds old thus stands in slot `(n - i) % d`, and there are `d` rows.
    pub(crate) fn recurrence(&self, round: usize) -> &[C] {
        let order = self.width - 1;
        let len = 2 * order + 1;
        &self.recurrence[round % order * len..][..len]
    }

    /// The schedule in the form of another arithmetic.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn map<D>(&self, form: impl Fn(&C) -> D) -> Schedule<D> {
        let all = |constants: &[C]| constants.iter().map(&form).collect();
        Schedule {
            width: self.width,
            constants: all(&self.constants),
            matrix: all(&self.matrix),
            entry: all(&self.entry),
            exit: all(&self.exit),
            recurrence: all(&self.recurrence),
            partial: all(&self.partial),
        }
    }
}

impl Schedule<Element> {
    /// Derives the schedule for groups of `children`.
    pub(crate) fn new(children: usize) -> Self {
        let Parameters {
            mut constants,
            matrix,
            partial_rounds,
        } = Parameters::new(children);
        let order = matrix.row_count() - 1;
        let rounds = HALF_FULL_ROUNDS..HALF_FULL_ROUNDS + partial_rounds;
        for round in rounds.clone() {
            let mut carried = constants[round].clone();
            carried[0] = Element::ZERO;
            let carried = matrix.times_vector(&carried);
            for (constant, carried) in constants[round + 1].iter_mut().zip(carried) {
                *constant = *constant + carried;
            }
        }
        let recurrence = Recurrence::new(&matrix);
        let outputs: Vec<Element> = (rounds.start..=rounds.end)
            .map(|round| constants[round][0])
            .collect();

        let mut exit = constants[rounds.end].clone();
        let shifts: Vec<_> = outputs.iter().rev().take(order).copied().collect();
        let shifts = recurrence.inverse.times_vector(&shifts);
        for (constant, shift) in exit[1..].iter_mut().zip(shifts) {
            *constant = *constant - shift;
        }
        let mut entry = [Element::ZERO].repeat(order + 1);
        entry[0] = outputs[0];
        let steps = constants[..HALF_FULL_ROUNDS].iter().flatten().chain(&entry);
        let steps = steps.chain(&exit);
        let steps = steps.chain(constants[rounds.end + 1..].iter().flatten());
        let hash = [Element::ZERO].repeat(order + 1);

        Self {
            width: order + 1,
            constants: steps.chain(&hash).copied().collect(),
            entry: recurrence.entry(&matrix),
            exit: recurrence.exit(partial_rounds),
            recurrence: recurrence.by_rounds(),
            partial: recurrence.constants(&outputs),
            matrix: matrix.entries().to_vec(),
        }
    }
}

/// The recurrence of a matrix; the names are those of the derivation.
struct Recurrence {
    /// `m`.
    newest: Element,
    /// `a_1 .. a_d`.
    of_outputs: Vec<Element>,
    /// `b_1 .. b_d`.
    of_inputs: Vec<Element>,
    /// `g_1 .. g_d`.
    responses: Vec<Element>,
    /// `H`.
    observed: Matrix,
    /// `1 / H`.
    inverse: Matrix,
}

impl Recurrence {
    fn new(matrix: &Matrix) -> Self {
        let order = matrix.row_count() - 1;
        let newest = matrix.at(0, 0);
        let below = Matrix::from_fn(order, order, |row, column| matrix.at(row + 1, column + 1));
        let below = regular(&below);
        let (output, input): (Vec<_>, Vec<_>) = (1..=order)
            .map(|i| (matrix.at(0, i), matrix.at(i, 0)))
            .unzip();
        let mut rows = Vec::new();
        let mut row = output.clone();
        for _ in 0..order {
            row = below.after_vector(&row);
            rows.push(row.clone());
        }
        let observed = Matrix::from_rows(&rows);
        let inverse = regular(&observed);
        let responses = observed.times_vector(&input);
        let of_outputs = inverse.after_vector(&output);
        let of_inputs = (0..order)
            .map(|j| dot(&of_outputs[j..], &responses) - of_outputs[j] * newest)
            .collect();
        Self {
            newest,
            of_outputs,
            of_inputs,
            responses,
            observed,
            inverse,
        }
    }

    fn order(&self) -> usize {
        self.of_outputs.len()
    }

    /// The last matrix before the partial rounds, with `H` for the virtual history: the output that
    /// is `i` rounds old stands in slot `d - i`.
    fn entry(&self, matrix: &Matrix) -> Vec<Element> {
        let rest = Matrix::from_fn(self.order(), self.order() + 1, |row, column| {
            matrix.at(row + 1, column)
        });
        let history = self.observed.times(&rest);
        let slots = (0..self.order())
            .rev()
            .flat_map(|row| history.row(row).to_vec());
        matrix.row(0).iter().copied().chain(slots).collect()
    }

    /// The matrix from the history after `rounds` rounds to the state.
    fn exit(&self, rounds: usize) -> Vec<Element> {
        let order = self.order();
        // The sum of (1), with inputs as columns.
        let inputs = Matrix::from_fn(order, order, |i, j| match i.checked_sub(j) {
            None => Element::ZERO,
            Some(0) => self.responses[0] - self.newest,
            Some(age) => self.responses[age],
        });
        let inputs = self.inverse.times(&inputs);
        let exit = Matrix::from_fn(order, 2 * order, |row, column| {
            let age = age(order, rounds, column / 2);
            let part = if column % 2 == 0 {
                &inputs
            } else {
                &self.inverse
            };
            part.at(row, age)
        });
        exit.entries().to_vec()
    }

    /// The coefficients of a round by slots, for rounds 0 to `d - 1`.
    fn by_rounds(&self) -> Vec<Element> {
        let order = self.order();
        let row = |round| {
            let ages = (0..order).map(move |slot| age(order, round, slot));
            let history = ages.flat_map(|age| [self.of_inputs[age], self.of_outputs[age]]);
            history.chain([self.newest])
        };
        (0..order).flat_map(row).collect()
    }

    /// The constant of each partial round, from those of the outputs `y_0 .. y_N`: that of the
    /// round's output, less what the recurrence makes of the constants in the history.
    fn constants(&self, outputs: &[Element]) -> Vec<Element> {
        let constant = |output: usize| {
            let history = outputs[1..output].iter().rev().copied();
            let history: Vec<_> = history.take(self.order()).collect();
            outputs[output] - dot(&self.of_outputs, &history)
        };
        (1..outputs.len()).map(constant).collect()
    }
}

/// Rounds between the one that last wrote to `slot` and the one before `round`: 0 to `order - 1`.
fn age(order: usize, round: usize, slot: usize) -> usize {
    (round + order - 1 - slot) % order
}

/// The inverse of a matrix that Poseidon's parameters make regular. A test derives the schedule of
/// every width, and there are no others.
fn regular(matrix: &Matrix) -> Matrix {
    match matrix.inverse() {
        Some(inverse) => inverse,
        None => unreachable!("the matrices of all widths are regular"),
    }
}
