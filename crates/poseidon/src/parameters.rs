//! [`Parameters`]: the constants that define Poseidon for one width, as circomlib has them.

use alloc::vec::Vec;

use crate::element::Element;
use crate::grain::Grain;
use crate::matrix::Matrix;

/// The most children of a group.
pub(crate) const MAX_CHILDREN: usize = 12;

/// The most elements of a state: the children and one more.
pub(crate) const MAX_WIDTH: usize = MAX_CHILDREN + 1;

/// Full rounds before the partial rounds, and after them.
pub(crate) const HALF_FULL_ROUNDS: usize = 4;

/// Partial rounds for states of 3 elements, of 4, and so on.
const PARTIAL_ROUNDS: [usize; MAX_CHILDREN - 1] = [57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65];

/// What defines the permutation of a state of `width` elements.
///
/// A round adds its constants to the state, raises the elements to the fifth power (in a partial
/// round only the first element), and multiplies the state by the matrix. The first element of the
/// state is 0 at the start and the hash at the end; the children are the others.
pub(crate) struct Parameters {
    /// A vector of constants for each round.
    pub(crate) constants: Vec<Vec<Element>>,
    pub(crate) matrix: Matrix,
    pub(crate) partial_rounds: usize,
}

impl Parameters {
    /// The parameters for groups of `children`, from 2 to [`MAX_CHILDREN`].
    pub(crate) fn new(children: usize) -> Self {
        let width = children + 1;
        let partial_rounds = PARTIAL_ROUNDS[children - 2];
        let mut grain = Grain::new(width, 2 * HALF_FULL_ROUNDS, partial_rounds);
        let rounds = 0..2 * HALF_FULL_ROUNDS + partial_rounds;
        let constants = rounds
            .map(|_| (0..width).map(|_| grain.canonical_element()).collect())
            .collect();
        // A Cauchy matrix. The script draws again until the numbers are distinct, and no sum is
        // zero; a test shows that for these widths the first draw is.
        let numbers: Vec<Element> = (0..2 * width).map(|_| grain.element()).collect();
        let (rows, columns) = numbers.split_at(width);
        let matrix = Matrix::from_fn(width, width, |row, column| {
            (rows[row] + columns[column]).inverse()
        });
        Self {
            constants,
            matrix,
            partial_rounds,
        }
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::PrimeField;
    use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;

    use super::*;

    fn words(element: ark_bn254::Fr) -> [u64; 4] {
        element.into_bigint().0
    }

    #[test]
    fn the_generator_gives_the_constants_of_circomlib() {
        for children in 2..=MAX_CHILDREN {
            let width = children + 1;
            let theirs = get_poseidon_parameters::<ark_bn254::Fr>(width as u8).unwrap();
            let ours = Parameters::new(children);
            assert_eq!(theirs.partial_rounds, ours.partial_rounds);
            assert_eq!(theirs.full_rounds, 2 * HALF_FULL_ROUNDS);
            let constants = ours.constants.iter().flatten().map(|c| c.number());
            assert!(constants.eq(theirs.ark.into_iter().map(words)), "{width}");
            let entries = ours.matrix.entries().iter().map(|entry| entry.number());
            assert!(
                entries.eq(theirs.mds.into_iter().flatten().map(words)),
                "{width}"
            );
        }
    }

    #[test]
    fn the_first_draw_of_each_matrix_is_a_cauchy_matrix() {
        for children in 2..=MAX_CHILDREN {
            // An inverse of zero would be zero, and equal numbers give equal rows or columns.
            let matrix = Parameters::new(children).matrix;
            assert!(!matrix.entries().contains(&Element::ZERO));
            assert!(matrix.inverse().is_some());
        }
    }
}
