//! P16: refreshing a view when nothing is new, beside a live writer, with every leaf in a log that
//! no checkpoint covers.
//!
//! The limit is what a look asks of the system: to open the manifest and the newest segment, and to
//! read a sector of each. The peer has no views.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, ReadOnly, RotorTree, RotorTreeConfig,
};

use super::row::Row;
use crate::Outcome;
use crate::context::{Context, MAX_DEPTH, leaves};
use crate::measure::{alternate, wall_time};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p16",
    title: "P16: `refresh` of a view, nothing new, N = 2 (limit: open two files and read a sector of each)",
    alone: false,
    run,
};

type Tree = RotorTree<Blake3Hasher, 2, MAX_DEPTH>;
type View = ReadOnly<Blake3Hasher, 2, MAX_DEPTH>;

const BATCH: usize = 1_000;
/// Longer than a writer takes to fall idle.
const REST: Duration = Duration::from_millis(200);
/// Looks in a round: one alone is too short for a clock.
const LOOKS: u64 = 100;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let sizes = [100_000, context.pick(1_000_000, 4_000_000)];
    sizes
        .map(|size| refreshed(context, size))
        .into_iter()
        .collect()
}

fn refreshed(context: &Context, size: usize) -> Outcome<Line> {
    let folder = context.folder()?;
    let path = folder.vacant();
    let writer = logged(&path, size)?;
    let view: View = Tree::open_read_only(Blake3Hasher, RotorTreeConfig::new(&path))?;
    if view.snapshot().size() != size as u64 {
        return Err(format!("The view shows {} leaves.", view.snapshot().size()).into());
    }
    let newest = newest_segment(&path)?;
    let looked =
        |look: &mut dyn FnMut() -> Outcome<()>| wall_time(|| (0..LOOKS).try_for_each(|_| look()));
    let [ours, bare] = alternate(
        context.pick(15, 60),
        [
            &mut || {
                looked(&mut || match view.refresh()? {
                    false => Ok(()),
                    true => Err("The refresh found something.".into()),
                })
            },
            &mut || {
                looked(&mut || {
                    read_sector(&path.join("MANIFEST"))?;
                    Ok(read_sector(&newest)?)
                })
            },
        ],
    )?;
    writer.close()?;
    let median = ours.per(LOOKS).median;
    Ok(Line::new(format!("{size} leaves in the log"))
        .samples(Unit::Time, LOOKS, &ours, None, Some(&bare))
        .goal("<= 50 us", median <= 50e-6))
}

/// A writer whose leaves are all in the log, each batch a group of its own.
fn logged(path: &Path, size: usize) -> Outcome<Tree> {
    let config = RotorTreeConfig::new(path);
    let tree = Tree::builder(config)
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .open(Blake3Hasher)?;
    for batch in leaves(0, size).chunks(BATCH) {
        tree.insert_many(batch)?;
        tree.flush()?;
    }
    // A view shows what a later group attests, or the mark of an idle writer.
    std::thread::sleep(REST);
    Ok(tree)
}

/// The file of the segment that the writer writes to.
fn newest_segment(path: &Path) -> Outcome<PathBuf> {
    let names = std::fs::read_dir(path.join("log"))?;
    let mut segments = names
        .map(|entry| Ok(entry?.path()))
        .filter(|path: &std::io::Result<PathBuf>| match path {
            Ok(path) => path.extension().is_some_and(|suffix| suffix == "wal"),
            Err(_) => true,
        })
        .collect::<std::io::Result<Vec<_>>>()?;
    segments.sort();
    segments.pop().ok_or_else(|| "There is no segment.".into())
}

fn read_sector(path: &Path) -> std::io::Result<()> {
    let mut sector = [0; 512];
    // A manifest may be shorter.
    File::open(path)?.read(&mut sector).map(drop)
}
