//! [`Matrix`]: the linear algebra by which the schedule of a width is derived.

use alloc::vec::Vec;

use crate::element::Element;

/// A matrix over the field, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Matrix {
    columns: usize,
    entries: Vec<Element>,
}

impl Matrix {
    pub(crate) fn from_fn(
        rows: usize,
        columns: usize,
        entry: impl Fn(usize, usize) -> Element,
    ) -> Self {
        let entry = &entry;
        let row = |row| (0..columns).map(move |column| entry(row, column));
        Self {
            columns,
            entries: (0..rows).flat_map(row).collect(),
        }
    }

    /// The matrix of these rows, which are equally long.
    pub(crate) fn from_rows(rows: &[Vec<Element>]) -> Self {
        Self::from_fn(rows.len(), rows[0].len(), |row, column| rows[row][column])
    }

    pub(crate) fn row_count(&self) -> usize {
        self.entries.len() / self.columns
    }

    pub(crate) fn row(&self, row: usize) -> &[Element] {
        &self.entries[row * self.columns..][..self.columns]
    }

    pub(crate) fn at(&self, row: usize, column: usize) -> Element {
        self.row(row)[column]
    }

    pub(crate) fn entries(&self) -> &[Element] {
        &self.entries
    }

    /// `self * vector`.
    pub(crate) fn times_vector(&self, vector: &[Element]) -> Vec<Element> {
        let rows = (0..self.row_count()).map(|row| self.row(row));
        rows.map(|row| dot(row, vector)).collect()
    }

    /// `vector * self`.
    pub(crate) fn after_vector(&self, vector: &[Element]) -> Vec<Element> {
        let column = |column| (0..self.row_count()).map(move |row| self.at(row, column));
        (0..self.columns)
            .map(|index| dot(&column(index).collect::<Vec<_>>(), vector))
            .collect()
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        let rows: Vec<_> = (0..self.row_count())
            .map(|row| other.after_vector(self.row(row)))
            .collect();
        Self::from_rows(&rows)
    }

    /// The inverse of a regular square matrix, by Gauss-Jordan elimination; `None` if there is
    /// none.
    pub(crate) fn inverse(&self) -> Option<Self> {
        let size = self.columns;
        let one = Element::new([1, 0, 0, 0]);
        // Each row of the matrix, followed by a row of the identity.
        let mut rows: Vec<Vec<Element>> = (0..size)
            .map(|row| {
                let identity = (0..size).map(|i| if i == row { one } else { Element::ZERO });
                self.row(row).iter().copied().chain(identity).collect()
            })
            .collect();
        for pivot in 0..size {
            let found = (pivot..size).find(|row| rows[*row][pivot] != Element::ZERO)?;
            rows.swap(pivot, found);
            let scale = rows[pivot][pivot].inverse();
            for entry in &mut rows[pivot] {
                *entry = *entry * scale;
            }
            let pivot_row = rows[pivot].clone();
            for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
                let factor = row[pivot];
                for (entry, above) in row.iter_mut().zip(&pivot_row) {
                    *entry = *entry - factor * *above;
                }
            }
        }
        let right: Vec<_> = rows.iter().map(|row| row[size..].to_vec()).collect();
        Some(Self::from_rows(&right))
    }
}

/// The sum of the products of two vectors.
pub(crate) fn dot(a: &[Element], b: &[Element]) -> Element {
    Element::dot(Element::ZERO, a, b)
}
