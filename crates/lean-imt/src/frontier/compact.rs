//! A frontier as a run of hashes *from the left*: they have the order of the leaves below them, so
//! the highest level comes first.

use rotortree_hasher::{Hash, Hasher};

use crate::proof::parent;

/// The root of a tree of `size > 0` leaves with this frontier. The caller has checked that `hashes`
/// has as many hashes as the base-`N` digit sum of the size. Computes at most one hash per level.
pub(crate) fn fold<H: Hasher, const N: usize>(hasher: &H, size: u64, mut hashes: &[Hash]) -> Hash {
    let mut complete = size;
    let mut edge = None;
    let mut children = [[0; 32]; N];
    while complete > 0 {
        let mut count = (complete % N as u64) as usize;
        complete /= N as u64;
        let (above, group) = hashes.split_at(hashes.len() - count);
        hashes = above;
        children[..count].copy_from_slice(group);
        if let Some(edge) = edge {
            children[count] = edge;
            count += 1;
        }
        edge = (count > 0).then(|| parent(hasher, &children[..count]));
    }
    edge.unwrap_or_default()
}
