//! [`find`]: a leaf by its value, by reading leaves one after the other.

use rotortree::{AnySnapshot, Hash};

use crate::{
    failure::Failure,
    interrupt::Interrupt,
    progress::{Progress, Unit},
};

/// Leaves that are read at once.
const PIECE: u64 = 4096;

/// The index of the first leaf with this value. O(leaves).
pub(crate) fn find(snapshot: &dyn AnySnapshot, leaf: &Hash) -> Result<Option<u64>, Failure> {
    let size = snapshot.size();
    let mut bar = Progress::new("scanning", Unit::Leaves, Some(size));
    let mut piece = vec![[0; 32]; PIECE.min(size) as usize];
    for start in (0..size).step_by(PIECE as usize) {
        Interrupt::check(|| format!("{start} of {size} leaves are others"))?;
        piece.truncate((size - start).min(PIECE) as usize);
        snapshot.read_nodes(0, start, &mut piece)?;
        if let Some(at) = piece.iter().position(|there| there == leaf) {
            return Ok(Some(start + at as u64));
        }
        bar.set(start);
    }
    Ok(None)
}
