//! P17: the index of leaves: durable batches with refusal beside plain ones, single inserts,
//! lookups, opening, memory.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, IndexOptions, LeafIndex, RotorTree,
    RotorTreeConfig,
};

use super::row::Row;
use crate::Outcome;
use crate::context::{Context, MAX_DEPTH, indices, leaf, leaves};
use crate::measure::{Spread, alternate, time_fallible, wall_time};
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

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for (batch, per_round) in [(1000, 10), (context.pick(200_000, 1_000_000), 1)] {
        lines.push(batches(context, batch, per_round)?);
    }
    lines.push(single(context)?);
    lines.extend(large(context)?);
    Ok(lines)
}

/// Opens a tree, with an index beside it or without one.
fn open(path: &Path, index: Option<&LeafIndex>) -> Outcome<Tree> {
    let mut builder = Tree::builder(RotorTreeConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(128 << 20),
        verify_checkpoint: false,
        ..RotorTreeConfig::new(path)
    });
    if let Some(index) = index {
        builder = builder.insert_hook(index.hook());
    }
    Ok(builder.open(Blake3Hasher)?)
}

fn strict(path: &Path) -> LeafIndex {
    LeafIndex::new(IndexOptions::beside(path).refuse_duplicates(true))
}

/// Both trees: one with an index, one without.
fn both(context: &Context, work: impl FnOnce([&Tree; 2]) -> Outcome<Line>) -> Outcome<Line> {
    let folders = [context.folder()?, context.folder()?];
    let index = strict(&folders[0].vacant());
    let ours = open(&folders[0].vacant(), Some(&index))?;
    let plain = open(&folders[1].vacant(), None)?;
    let line = work([&ours, &plain])?;
    ours.close()?;
    plain.close()?;
    Ok(line)
}

/// Durable batches behind a million leaves.
fn batches(context: &Context, len: usize, per_round: u64) -> Outcome<Line> {
    both(context, |[ours, plain]| {
        for tree in [ours, plain] {
            tree.insert_many_durable(&leaves(0, 1_000_000))?;
        }
        let mut next = [1_000_000; 2];
        let mut waited = |which: usize, tree: &Tree| {
            let batches: Vec<_> = (0..per_round)
                .map(|number| leaves(next[which] + number * len as u64, len))
                .collect();
            next[which] += per_round * len as u64;
            wall_time(|| {
                for batch in &batches {
                    tree.insert_many_durable(batch)?;
                }
                Ok(())
            })
        };
        let waited = std::cell::RefCell::new(&mut waited);
        let [with, without] = alternate(
            context.pick(7, 25),
            [&mut || waited.borrow_mut()(0, ours), &mut || {
                waited.borrow_mut()(1, plain)
            }],
        )?;
        let ratio = with.speedup_over(&without).median;
        let line = Line::new(format!("durable batches of {len} behind 1 M leaves"));
        Ok(line
            .samples(
                Unit::Rate,
                per_round * len as u64,
                &with,
                None,
                Some(&without),
            )
            .goal(">= 0.6x", ratio >= 0.6))
    })
}

/// Single inserts that nothing waits for.
fn single(context: &Context) -> Outcome<Line> {
    const EACH: u64 = 20_000;
    both(context, |[ours, plain]| {
        let mut next = [0; 2];
        let mut insert = |which: usize, tree: &Tree| {
            let leaves = leaves(next[which], EACH as usize);
            next[which] += EACH;
            let took = wall_time(|| {
                for leaf in &leaves {
                    tree.insert(*leaf)?;
                }
                Ok(())
            });
            tree.flush()?;
            took
        };
        let insert = std::cell::RefCell::new(&mut insert);
        let [with, without] = alternate(
            context.rounds(),
            [&mut || insert.borrow_mut()(0, ours), &mut || {
                insert.borrow_mut()(1, plain)
            }],
        )?;
        let line = Line::new("single inserts");
        Ok(line.samples(Unit::Time, EACH, &with, None, Some(&without)))
    })
}

/// A tree of 10 M leaves: lookups, bytes, the longest insert, saving and opening.
fn large(context: &Context) -> Outcome<Vec<Line>> {
    let millions: u64 = context.pick(2, 10);
    let size = millions * 1_000_000;
    let folder = context.folder()?;
    let path = folder.vacant();
    let index = strict(&path);
    let tree = open(&path, Some(&index))?;
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
        wall_time(|| open(path, index.as_ref()))
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
