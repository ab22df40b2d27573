//! P14: inclusion proofs of a checkpointed tree whose chunks are mapped, and what the store takes
//! on disk, with few levels stored and with all of them.
//!
//! The pages are in memory, as they are for a tree that was just written; what is measured is the
//! reading and the hashing. Lines of their own have as many blocks hashed, and the nodes of a path
//! read, out of arrays and without a tree.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, Hash, Hasher, RotorTree, RotorTreeConfig, TreeHead,
};
use rotortree_lean_imt::geometry::Stride;

use super::Row;
use crate::Outcome;
use crate::bare_proof::BareProof;
use crate::context::{Context, Folder, MAX_DEPTH, fresh, indices, leaves};
use crate::disk;
use crate::measure::{alternate, time, time_fallible};
use crate::report::{Line, Unit, bytes};

pub(super) const ROW: Row = Row {
    name: "p14",
    title: "P14: proofs from mapped chunks of random leaves, and bytes on disk (limit: all levels stored)",
    alone: false,
    run,
};

const MILLION: usize = 1_000_000;
/// Proofs in a round.
const PROOFS: usize = 10_000;

/// The caches that are compared: the default, one that holds half of the blocks above the leaves of
/// 50 M, and none.
const CACHES: [(&str, usize); 3] = [("64 MiB", 64 << 20), ("6 MiB", 6 << 20), ("none", 0)];

type Tree<const N: usize, H = Blake3Hasher> = RotorTree<H, N, MAX_DEPTH>;

/// What a proof hashes: whole blocks, and nodes below those that the cache keeps of the others.
#[derive(Clone, Copy)]
struct Work {
    blocks: f64,
    below: f64,
}

/// The hasher of the trees, counting its hashes.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

impl Hasher for Counting {
    const MAX_BLOCK: u64 = Blake3Hasher::MAX_BLOCK;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        self.0.fetch_add(1, Ordering::Relaxed);
        Blake3Hasher.hash_children(children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        self.0.fetch_add(parents.len() as u64, Ordering::Relaxed);
        Blake3Hasher.hash_groups(arity, children, parents);
    }

    fn fingerprint(&self, arity: usize) -> Hash {
        Blake3Hasher.fingerprint(arity)
    }
}

impl Work {
    fn told(self) -> String {
        let Self { blocks, below } = self;
        format!("{blocks:.2} blocks and {below:.1} nodes hashed")
    }
}

/// Counts what a proof hashes with a cache that was filled by the same proofs.
fn count<const N: usize>(path: &Path, cache: usize, indices: &[u64]) -> Outcome<Work> {
    let hasher = Counting::default();
    let tree = open::<N, _>(path, cache, None, hasher.clone())?;
    prove(&tree, indices)?;
    let before = (
        tree.stats().recomputed_blocks,
        hasher.0.load(Ordering::Relaxed),
    );
    prove(&tree, indices)?;
    let blocks = (tree.stats().recomputed_blocks - before.0) as f64;
    let hashes = (hasher.0.load(Ordering::Relaxed) - before.1) as f64;
    tree.close()?;
    let block = Stride::widest(N as u64, Blake3Hasher::MAX_BLOCK).inner_nodes();
    let each = |count: f64| count / indices.len() as f64;
    Ok(Work {
        blocks: each(blocks),
        below: each(hashes - blocks * block as f64),
    })
}

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let millions = context.pick(4, 50);
    let (mut lines, work) = rows::<2>(context, millions)?;
    lines.extend(bare(context, millions, &work)?);
    lines.extend(rows::<4>(context, millions)?.0);
    Ok(lines)
}

fn open<const N: usize, H: Hasher>(
    path: &Path,
    cache: usize,
    stride: Option<usize>,
    hasher: H,
) -> Outcome<Tree<N, H>> {
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(256 << 20),
        verify_checkpoint: false,
        ..RotorTreeConfig::new(path)
    };
    let builder = RotorTree::builder(config).block_cache_bytes(cache);
    let builder = match stride {
        Some(levels) => builder.level_stride(levels),
        None => builder,
    };
    Ok(builder.open(hasher)?)
}

/// The lines of one arity, and what a proof hashes with each cache.
fn rows<const N: usize>(context: &Context, millions: usize) -> Outcome<(Vec<Line>, Vec<Work>)> {
    fresh(|| {
        let folders = [context.folder()?, context.folder()?];
        let [few, all] = folders.each_ref().map(Folder::vacant);
        for (path, stride) in [(&few, None), (&all, Some(1))] {
            let tree = open::<N, _>(path, 0, stride, Blake3Hasher)?;
            for block in 0..millions {
                let leaves = leaves((block * MILLION) as u64, MILLION);
                tree.insert_many(&leaves)?;
                tree.flush()?;
            }
            tree.checkpoint()?;
            tree.close()?;
        }
        let case = |what: &str| format!("N = {N}, {millions} M leaves: {what}");
        let a_leaf = |path| {
            Ok::<_, std::io::Error>(disk::length(path)? as f64 / (millions * MILLION) as f64)
        };
        let (ours, before) = (a_leaf(&few)?, a_leaf(&all)?);
        let files = |path: &Path| count_files(&path.join("levels"));
        let manifest = |path: &Path| fs::metadata(path.join("MANIFEST")).map(|file| file.len());
        let text = |number: u64| number.to_string();
        let mut lines = vec![
            Line::new(case("bytes on disk a leaf"))
                .ours(format!("{ours:.2}"))
                .limit(format!("{before:.2}"))
                .goal("<= 33", ours <= 33.0),
            Line::new(case("files of levels"))
                .ours(text(files(&few)?))
                .limit(text(files(&all)?)),
            Line::new(case("the manifest"))
                .ours(bytes(manifest(&few)? as f64))
                .limit(bytes(manifest(&all)? as f64)),
        ];
        let indices = indices(PROOFS, (millions * MILLION) as u64);
        let stored = open::<N, _>(&all, 0, None, Blake3Hasher)?;
        let mut hashed = Vec::new();
        for (name, cache) in CACHES {
            let work = count::<N>(&few, cache, &indices)?;
            hashed.push(work);
            let tree = open::<N, _>(&few, cache, None, Blake3Hasher)?;
            // Once, so that chunks are checked and the cache is filled.
            prove(&tree, &indices)?;
            prove(&stored, &indices)?;
            let [ours, limit] = alternate(
                context.rounds(),
                [&mut || prove(&tree, &indices), &mut || {
                    prove(&stored, &indices)
                }],
            )?;
            let line = Line::new(case(&format!("a proof, cache {name}, {}", work.told()))).samples(
                Unit::Time,
                PROOFS as u64,
                &ours,
                None,
                Some(&limit),
            );
            let median = ours.per(PROOFS as u64).median;
            lines.push(match (N, cache) {
                (2, 0x400_0000) => line.goal("<= 1.5 us", median <= 1.5e-6),
                (2, 1..) => line.goal("<= 2.5 us", median <= 2.5e-6),
                _ => line,
            });
            tree.close()?;
        }
        stored.close()?;
        Ok((lines, hashed))
    })
}

/// Proofs of pairs that hash as much, by [`BareProof`], and those of one leaf alone.
fn bare(context: &Context, millions: usize, work: &[Work]) -> Outcome<Vec<Line>> {
    fresh(|| {
        let bare = BareProof::new(millions * MILLION);
        let indices = indices(PROOFS, (millions * MILLION) as u64);
        let again = [indices[0]; PROOFS];
        let prove = |indices: &[u64], work: &Work| {
            let below = work.below.round() as usize;
            Ok(time(|| bare.prove_each(indices, work.blocks, below)))
        };
        let lines = work.iter().map(|work| {
            let [random, cached] = alternate(
                context.rounds(),
                [&mut || prove(&indices, work), &mut || prove(&again, work)],
            )?;
            let told = work.told();
            let case = format!("N = 2: a proof without a tree, {told} (limit: of one leaf)");
            let line = Line::new(case);
            Ok(line.samples(Unit::Time, PROOFS as u64, &random, None, Some(&cached)))
        });
        lines.collect()
    })
}

fn prove<const N: usize, H: Hasher>(tree: &Tree<N, H>, indices: &[u64]) -> Outcome<Duration> {
    let snapshot = tree.snapshot();
    let head: TreeHead = snapshot.head().ok_or("there are leaves")?;
    time_fallible(|| {
        for &index in indices {
            let proof = snapshot.generate_proof(index)?;
            if proof.root != head.root {
                return Err("a proof of another tree".into());
            }
            black_box(proof);
        }
        Ok(())
    })
}

fn count_files(path: &Path) -> std::io::Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        count += if entry.metadata()?.is_dir() {
            count_files(&entry.path())?
        } else {
            1
        };
    }
    Ok(count)
}
