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
