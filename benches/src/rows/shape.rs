//! Costs that must not grow with the tree, counted and not timed: an insert computes its hashes at
//! any size, a checkpoint writes the new nodes, and opening without verification reads the
//! manifest and the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rotortree_hasher::{Blake3Hasher, GroupState, Hash, Hasher};
use rotortree_lean_imt::LeanIMT;

use super::row::Row;
use crate::Outcome;
use crate::contender::{DurableTree, OursDurable, PeerDurable, Settings};
use crate::context::{Context, MAX_DEPTH, leaves};
use crate::limits;
use crate::memory::{counting, process};
use crate::report::{Line, bytes};

pub(super) const ROW: Row = Row {
    name: "shape",
    title: "What does not grow with the tree, counted, N = 4",
    alone: false,
    run,
};

const MILLION: usize = 1_000_000;
/// Leaves of an insert or checkpoint whose cost is counted.
const MORE: usize = 1_000;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let sizes = [1, 4, context.pick(8, 32)];
    let mut lines = Vec::new();
    for millions in sizes {
        lines.extend(insert(millions * MILLION)?);
    }
    let mut counted = Vec::new();
    for millions in sizes {
        counted.push(disk(context, millions)?);
    }
    for (millions, [ours, peer]) in sizes.into_iter().zip(&counted) {
        let text = |value: Option<u64>| value.map_or("unknown".to_owned(), |n| bytes(n as f64));
        let case = |what: &str| format!("{what}, behind {millions} M leaves");
        lines.push(
            Line::new(case(&format!(
                "bytes written by a checkpoint of {MORE} leaves"
            )))
            .ours(text(ours.written))
            .peer(text(peer.written)),
        );
        lines.push(
            Line::new(case("bytes read to open, not verified"))
                .ours(text(ours.read))
                .peer(text(peer.read)),
        );
    }
    Ok(lines)
}

/// BLAKE3 that counts its groups.
#[derive(Clone, Debug, Default)]
struct CountingHasher(Arc<AtomicU64>);

impl Hasher for CountingHasher {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        self.0.fetch_add(1, Relaxed);
        Blake3Hasher.hash_children(children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        self.0.fetch_add(parents.len() as u64, Relaxed);
        Blake3Hasher.hash_groups(arity, children, parents);
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        self.0.fetch_add(1, Relaxed);
        Blake3Hasher.hash_resuming(state, stable, children)
    }
}

/// Hashes and heap of single inserts behind `size` leaves.
fn insert(size: usize) -> Outcome<[Line; 2]> {
    let hasher = CountingHasher::default();
    let mut tree = LeanIMT::<_, 4, MAX_DEPTH>::new(hasher.clone());
    for first in (0..size).step_by(MILLION) {
        tree.insert_many(&leaves(first as u64, MILLION.min(size - first)))?;
    }
    let more = leaves(size as u64, MORE);
    hasher.0.store(0, Relaxed);
    let (inserted, usage) = counting::measure(|| {
        more.iter()
            .try_for_each(|leaf| tree.insert(*leaf).map(drop))
    });
    inserted?;
    let hashes = hasher.0.load(Relaxed);
    let needed = limits::inserts_need::<4>(size as u64, MORE);
    let millions = size / MILLION;
    Ok([
        Line::new(format!(
            "hashes of {MORE} inserts behind {millions} M leaves"
        ))
        .ours(hashes.to_string())
        .limit(needed.to_string())
        .versus_limit(hashes as f64 / needed as f64)
        .goal("what is needed", hashes == needed),
        Line::new(format!(
            "allocations of {MORE} inserts behind {millions} M leaves"
        ))
        .ours(format!(
            "{} ({} live behind them)",
            usage.allocations,
            bytes(usage.live as f64)
        )),
    ])
}

/// Bytes of the system's read and write calls.
#[derive(Debug)]
struct Counted {
    written: Option<u64>,
    read: Option<u64>,
}

fn disk(context: &Context, millions: usize) -> Outcome<[Counted; 2]> {
    Ok([
        count::<OursDurable<4>>(context, millions)?,
        count::<PeerDurable<4>>(context, millions)?,
    ])
}

fn count<T: DurableTree>(context: &Context, millions: usize) -> Outcome<Counted> {
    let folder = context.folder()?;
    let path = folder.vacant();
    let tree = T::open(&path, Settings::MANUAL)?;
    for block in 0..millions {
        drop(tree.insert_many(&leaves((block * MILLION) as u64, MILLION))?);
        tree.flush()?;
    }
    tree.checkpoint()?;
    drop(tree.insert_many(&leaves(0, MORE))?);
    tree.flush()?;
    let before = process::transferred();
    tree.checkpoint()?;
    let after = process::transferred();
    tree.close()?;
    let written = before
        .zip(after)
        .map(|(from, to)| to.written - from.written);
    let before = process::transferred();
    let tree = T::open(&path, Settings::MANUAL)?;
    let after = process::transferred();
    tree.close()?;
    let read = before.zip(after).map(|(from, to)| to.read - from.read);
    Ok(Counted { written, read })
}
