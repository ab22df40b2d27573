//! P13: bytes of an encoded inclusion proof.

use super::row::Row;
use crate::Outcome;
use crate::contender::{MemoryTree, Ours, Peer};
use crate::context::{Context, indices, leaves};
use crate::report::{Line, bytes};

pub(super) const ROW: Row = Row {
    name: "p13",
    title: "P13: encoded inclusion proofs of random leaves, 1 M leaves, the largest (limit: the hashes alone)",
    alone: false,
    run,
};

const LEAVES: usize = 1_000_000;

fn run(_: &Context) -> Outcome<Vec<Line>> {
    Ok(vec![largest::<2>()?, largest::<4>()?, largest::<16>()?])
}

/// The bytes of the largest encoding.
fn largest<const N: usize>() -> Outcome<Line> {
    let mut tree = Ours::<N>::empty();
    tree.insert_many(&leaves(0, LEAVES))?;
    let snapshot = tree.snapshot();
    let (mut largest, mut hashes) = (0, 0);
    for index in indices(1_000, LEAVES as u64) {
        let proof = Ours::<N>::prove(&snapshot, index)?;
        let length = proof.to_bytes()?.len();
        if length > largest {
            largest = length;
            let levels = &proof.levels[..proof.level_count];
            let siblings: usize = levels.iter().map(|level| level.sibling_count).sum();
            hashes = 32 * (siblings + 1);
        }
    }
    let line = Line::new(format!("N = {N}"))
        .ours(format!("{largest} B"))
        .limit(format!("{hashes} B"))
        .versus_limit(largest as f64 / hashes as f64);
    Ok(match N {
        // It has no encoding of its own: the bytes that its proof takes in memory.
        2 => line
            .peer(bytes(size_of::<<Peer<2> as MemoryTree>::Proof>() as f64))
            .goal("<= 690 B", largest <= 690),
        _ => line,
    })
}
