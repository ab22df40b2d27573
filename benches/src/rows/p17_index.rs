//! P17: the index of leaves: durable batches with refusal beside plain ones, single inserts,
//! lookups, opening, memory.

use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, IndexOptions, InsertHook, LeafIndex, RotorTree,
    RotorTreeConfig,
};

use super::row::Row;
use crate::Outcome;
use crate::bare_table::BareTable;
use crate::context::{Context, MAX_DEPTH, indices, leaf, leaves};
use crate::measure::{Samples, Spread, alternate, time_fallible, wall_time};
use crate::report::{Line, Unit, bytes, seconds};

pub(super) const ROW: Row = Row {
    name: "p17",
    title: "P17: the index of leaves, refusing duplicates, N = 2 (limit: the tree without it)",
    alone: false,
    run,
};

type Tree = RotorTree<Blake3Hasher, 2, MAX_DEPTH>;

/// Leaves that no row inserts.
const ABSENT: u64 = 1 << 40;
const LOOKUPS: usize = 100_000;
/// The bytes of a leaf in a bare table: those of an index.
const BYTES: f64 = 8.3;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for (batch, per_round) in [(1000, 10), (context.pick(200_000, 1_000_000), 1)] {
        lines.extend(batches(context, batch, per_round)?);
    }
    lines.extend(single(context)?);
    lines.extend(large(context)?);
    Ok(lines)
}

/// Opens a tree, with a hook or without one.
fn open(path: &Path, hook: Option<Arc<dyn InsertHook>>) -> Outcome<Tree> {
    let mut builder = Tree::builder(RotorTreeConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(128 << 20),
        verify_checkpoint: false,
        ..RotorTreeConfig::new(path)
    });
    if let Some(hook) = hook {
        builder = builder.insert_hook(hook);
    }
    Ok(builder.open(Blake3Hasher)?)
}

fn strict(path: &Path) -> LeafIndex {
    LeafIndex::new(IndexOptions::beside(path).refuse_duplicates(true))
}

/// Three trees: with an index, with a bare table of `leaves` of its leaves, and without a hook.
fn trees(
    context: &Context,
    leaves: u64,
    work: impl FnOnce([&Tree; 3]) -> Outcome<Vec<Line>>,
) -> Outcome<Vec<Line>> {
    let folders = [context.folder()?, context.folder()?, context.folder()?];
    let path = |which: usize| folders[which].vacant();
    let ours = open(&path(0), Some(strict(&path(0)).hook()))?;
    let table = BareTable::new((leaves as f64 * BYTES) as usize);
    let bare = open(&path(1), Some(Arc::new(table)))?;
    let plain = open(&path(2), None)?;
    let lines = work([&ours, &bare, &plain])?;
    [ours, bare, plain]
        .into_iter()
        .try_for_each(RotorTree::close)?;
    Ok(lines)
}

/// Durable batches behind a million leaves.
fn batches(context: &Context, len: usize, per_round: u64) -> Outcome<Vec<Line>> {
    let rounds = context.pick(7, 25);
    let each_round = per_round * len as u64;
    trees(
        context,
        1_000_000 + rounds as u64 * each_round / 2,
        |trees| {
            for tree in trees {
                tree.insert_many_durable(&leaves(0, 1_000_000))?;
            }
            let next = [const { Cell::new(1_000_000) }; 3];
            let waited = |which: usize| {
                let first = next[which].replace(next[which].get() + each_round);
                let batches: Vec<_> = (0..per_round)
                    .map(|number| leaves(first + number * len as u64, len))
                    .collect();
                wall_time(|| {
                    for batch in &batches {
                        trees[which].insert_many_durable(batch)?;
                    }
                    Ok(())
                })
            };
            let [with, bare, without] = alternate(
                rounds,
                [&mut || waited(0), &mut || waited(1), &mut || waited(2)],
            )?;
            let line = |what: String, samples: &Samples| {
                Line::new(what).samples(Unit::Rate, each_round, samples, None, Some(&without))
            };
            let ratio = with.speedup_over(&without).median;
            Ok(vec![
                line(format!("durable batches of {len} behind 1 M leaves"), &with)
                    .goal(">= 0.6x", ratio >= 0.6),
                line(
                    format!("batches of {len} and one line of memory a leaf"),
                    &bare,
                ),
            ])
        },
    )
}

/// Single inserts that nothing waits for.
fn single(context: &Context) -> Outcome<Vec<Line>> {
    const EACH: u64 = 20_000;
    trees(context, context.rounds() as u64 * EACH / 2, |trees| {
        let next = [const { Cell::new(0) }; 3];
        let insert = |which: usize| {
            let first = next[which].replace(next[which].get() + EACH);
            let leaves = leaves(first, EACH as usize);
            let took = wall_time(|| {
                for leaf in &leaves {
                    trees[which].insert(*leaf)?;
                }
                Ok(())
            });
            trees[which].flush()?;
            took
        };
        let [with, bare, without] = alternate(
            context.rounds(),
            [&mut || insert(0), &mut || insert(1), &mut || insert(2)],
        )?;
        let line = |what: &str, samples: &Samples| {
            Line::new(what).samples(Unit::Time, EACH, samples, None, Some(&without))
        };
        Ok(vec![
            line("single inserts", &with),
            line("single inserts and one line of memory each", &bare),
        ])
    })
}

/// A tree of 10 M leaves: lookups, bytes, the longest insert, saving and opening.
fn large(context: &Context) -> Outcome<Vec<Line>> {
    let millions: u64 = context.pick(2, 10);
    let size = millions * 1_000_000;
    let folder = context.folder()?;
    let path = folder.vacant();
    let index = strict(&path);
    let tree = open(&path, Some(index.hook()))?;
    let mut longest = Duration::ZERO;
    for million in 0..millions {
        tree.insert_many(&leaves(million * 1_000_000, 990_000))?;
        for leaf in leaves(million * 1_000_000 + 990_000, 10_000) {
            longest = longest.max(wall_time(|| Ok(tree.insert(leaf)?))?);
        }
        tree.flush()?;
    }
    let present: Vec<_> = indices(LOOKUPS, size).into_iter().map(leaf).collect();
    let absent = leaves(ABSENT, LOOKUPS);
    let look = |leaves: &[[u8; 32]], expected: bool| {
        time_fallible(|| {
            for leaf in leaves {
                if index.contains(black_box(leaf))? != expected {
                    return Err("the index disagrees with its tree".into());
                }
            }
            Ok(())
        })
    };
    let [hits, misses] = alternate(
        context.rounds(),
        [&mut || look(&present, true), &mut || look(&absent, false)],
    )?;
    let lookups = |what: &str, samples| {
        let line = Line::new(format!(
            "look a leaf up that is {what}, {millions} M leaves"
        ));
        line.samples(Unit::Time, LOOKUPS as u64, samples, None, None)
    };
    let most = hits.per(LOOKUPS as u64).median;
    let each = index.stats()?.memory_bytes as f64 / size as f64;
    tree.close()?;
    let saved = wall_time(|| Ok(index.save()?))?;
    drop(index);
    let reopened = |path: &Path, with: bool| {
        let index = with.then(|| strict(path));
        wall_time(|| open(path, index.as_ref().map(LeafIndex::hook)))
    };
    let mut loaded = Vec::new();
    let mut built = Vec::new();
    for _ in 0..context.pick(2, 5) {
        let plain = reopened(&path, false)?;
        loaded.push(reopened(&path, true)?.saturating_sub(plain));
        let mut file = path.as_os_str().to_owned();
        file.push(".index");
        std::fs::rename(&file, folder.path().join("kept"))?;
        built.push(reopened(&path, true)?.saturating_sub(plain));
        std::fs::rename(folder.path().join("kept"), &file)?;
    }
    let median =
        |took: Vec<Duration>| seconds(Spread::of(took.iter().map(Duration::as_secs_f64)).median);
    let line = |what: &str| Line::new(format!("{what}, {millions} M leaves"));
    Ok(vec![
        lookups("there", &hits).goal("<= 1 us", most <= 1e-6),
        lookups("not there", &misses),
        line("memory for each leaf")
            .ours(bytes(each))
            .goal("<= 8.5 B", each <= 8.5),
        line("the longest of 10,000 single inserts in each million")
            .ours(seconds(longest.as_secs_f64())),
        line("save the file").ours(seconds(saved.as_secs_f64())),
        line("open it, beyond the tree's opening").ours(median(loaded)),
        line("build it anew, beyond the tree's opening").ours(median(built)),
    ])
}
