//! P5: single inserts, each waiting until it is on disk, by one thread and by eight.
//!
//! The limit is the least that a disk does for one: 512 bytes of a file of zeros are overwritten
//! and synced. Eight threads share syncs, so that an insert waits for at most two of them.

use std::thread;
use std::time::Duration;

use super::row::Row;
use crate::bare_group::BareGroup;
use crate::contender::{DurableTree, OursDurable, PeerDurable, Settings};
use crate::context::{Context, leaf};
use crate::limits::OverwrittenFile;
use crate::measure::{alternate, wall_time};
use crate::memory::process;
use crate::report::{Line, Unit};
use crate::{Failure, Outcome};

pub(super) const ROW: Row = Row {
    name: "p5",
    title: "P5: durable single inserts, N = 2 (limit: overwrite 512 bytes and fdatasync)",
    alone: false,
    run,
};

const THREADS: u64 = 8;
const SECTOR: [u8; 512] = [0x5a; 512];

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let (our_folder, peer_folder) = (context.folder()?, context.folder()?);
    let ours = OursDurable::<2>::open(&our_folder.vacant(), Settings::MANUAL)?;
    let peer = PeerDurable::<2>::open(&peer_folder.vacant(), Settings::MANUAL)?;
    let folder = context.folder()?;
    let mut file = OverwrittenFile::create(&folder.path().join("log"))?;
    let other = OverwrittenFile::create(&folder.path().join("shared"))?;
    let group = BareGroup::new(other);
    let mut lines = vec![
        one(context, &ours, &peer, &mut file)?,
        eight(context, &ours, &peer, &group)?,
        waits(&ours, &peer, &group)?,
    ];
    lines.extend(slowest(context, &ours, &mut file, &group)?);
    ours.close()?;
    peer.close()?;
    Ok(lines)
}

fn one(
    context: &Context,
    ours: &OursDurable<2>,
    peer: &PeerDurable<2>,
    file: &mut OverwrittenFile,
) -> Outcome<Line> {
    // Few at a time: the speed of disks varies, and all contenders should see the same variation.
    const INSERTS: u64 = 20;
    let [ours, peer, limit] = alternate(
        context.pick(15, 60),
        [
            &mut || insert(ours, INSERTS),
            &mut || insert(peer, INSERTS),
            &mut || {
                wall_time(|| (0..INSERTS).try_for_each(|_| Ok(file.overwrite_durably(&SECTOR)?)))
            },
        ],
    )?;
    let overhead = 1.0 / ours.speedup_over(&limit).median;
    Ok(Line::new("one thread")
        .samples(Unit::Time, INSERTS, &ours, Some(&peer), Some(&limit))
        .goal("<= 1.15x the limit's time", overhead <= 1.15))
}

fn eight(
    context: &Context,
    ours: &OursDurable<2>,
    peer: &PeerDurable<2>,
    group: &BareGroup,
) -> Outcome<Line> {
    const INSERTS: u64 = 50;
    let [ours, peer, limit] = alternate(
        context.pick(5, 15),
        [
            &mut || wall_time(|| in_parallel(|| insert(ours, INSERTS)).map(drop)),
            &mut || wall_time(|| in_parallel(|| insert(peer, INSERTS)).map(drop)),
            &mut || wall_time(|| in_parallel(|| share(group, INSERTS)).map(drop)),
        ],
    )?;
    let ratio = ours.speedup_over(&peer).median;
    Ok(Line::new("eight threads (limit: nothing but shared syncs)")
        .samples(
            Unit::Rate,
            THREADS * INSERTS,
            &ours,
            Some(&peer),
            Some(&limit),
        )
        .goal(">= 6x the peer", ratio >= 6.0))
}

/// How often a thread waits for each insert, of eight.
fn waits(ours: &OursDurable<2>, peer: &PeerDurable<2>, group: &BareGroup) -> Outcome<Line> {
    const INSERTS: u64 = 500;
    let [ours, peer, limit] = [
        count_waits(INSERTS, || insert(ours, INSERTS))?,
        count_waits(INSERTS, || insert(peer, INSERTS))?,
        count_waits(INSERTS, || share(group, INSERTS))?,
    ];
    Ok(
        Line::new("eight threads, waits of a thread for each insert")
            .ours(ours)
            .peer(peer)
            .limit(limit),
    )
}

/// The waits of eight threads for each of the `inserts` that each makes.
fn count_waits(inserts: u64, work: impl Fn() -> Outcome<Duration> + Sync) -> Outcome<String> {
    let counts = in_parallel(|| {
        let before = process::waits();
        work()?;
        Ok(process::waits()
            .zip(before)
            .map(|(after, before)| after - before))
    })?;
    let total: Option<u64> = counts.into_iter().sum();
    Ok(total.map_or_else(
        || "not counted here".into(),
        |total| format!("{:.2}", total as f64 / (THREADS * inserts) as f64),
    ))
}

/// The time that 99 of 100 inserts by eight threads stay below, beside that of overwrites by one
/// thread, and by eight that share syncs.
fn slowest(
    context: &Context,
    ours: &OursDurable<2>,
    file: &mut OverwrittenFile,
    group: &BareGroup,
) -> Outcome<[Line; 2]> {
    const TIMES: u64 = 125;
    let by_eight = |work: &(dyn Fn() -> Outcome<()> + Sync)| {
        let times = || (0..TIMES).map(|_| wall_time(work)).collect();
        Ok(percentile(in_parallel::<Vec<_>>(times)?.concat()))
    };
    let [ours, shared, limit] = alternate(
        context.pick(5, 15),
        [
            &mut || by_eight(&|| ours.insert_durable(leaf(0))),
            &mut || by_eight(&|| Ok(group.write_durably()?)),
            &mut || {
                let times = (0..THREADS * TIMES).map(|_| {
                    let overwritten = || Ok(file.overwrite_durably(&SECTOR)?);
                    wall_time(overwritten)
                });
                Ok(percentile(times.collect::<Outcome<_>>()?))
            },
        ],
    )?;
    let ratio = 1.0 / ours.speedup_over(&limit).median;
    let of_shared = 1.0 / ours.speedup_over(&shared).median;
    Ok([
        Line::new("eight threads, 99th percentile (limit: of one thread)")
            .samples(Unit::Time, 1, &ours, None, Some(&limit))
            .goal("<= 1.5x the limit's", ratio <= 1.5),
        Line::new("eight threads, 99th percentile (limit: of eight that share syncs)")
            .samples(Unit::Time, 1, &ours, None, Some(&shared))
            .goal("<= 1.1x the limit's", of_shared <= 1.1),
    ])
}

/// The 99th percentile.
fn percentile(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99 / 100).min(times.len() - 1)]
}

/// What eight threads return that do the same.
fn in_parallel<T: Send>(work: impl Fn() -> Outcome<T> + Sync) -> Outcome<Vec<T>> {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(&work)).collect();
        let joined = workers.into_iter().map(|worker| {
            let outcome = worker.join().map_err(|_| "An inserting thread panicked.");
            outcome.map_err(Failure::from)?
        });
        joined.collect()
    })
}

fn share(group: &BareGroup, writes: u64) -> Outcome<Duration> {
    wall_time(|| (0..writes).try_for_each(|_| Ok(group.write_durably()?)))
}

fn insert<T: DurableTree>(tree: &T, inserts: u64) -> Outcome<Duration> {
    wall_time(|| (0..inserts).try_for_each(|number| tree.insert_durable(leaf(number))))
}
