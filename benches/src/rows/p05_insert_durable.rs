//! P5: single inserts, each waiting until it is on disk, by one thread and by eight.
//!
//! The limit for one thread is an append of the least that a disk takes and its sync. Eight threads
//! share syncs.

use std::thread;
use std::time::Duration;

use super::row::Row;
use crate::Outcome;
use crate::contender::{DurableTree, OursDurable, PeerDurable, Settings};
use crate::context::{Context, leaf};
use crate::limits::AppendFile;
use crate::measure::{alternate, wall_time};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p5",
    title: "P5: durable single inserts, N = 2 (limit: a bare append of 64 bytes and fdatasync)",
    run,
};

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let (our_folder, peer_folder) = (context.folder()?, context.folder()?);
    let ours = OursDurable::<2>::open(&our_folder.vacant(), Settings::MANUAL)?;
    let peer = PeerDurable::<2>::open(&peer_folder.vacant(), Settings::MANUAL)?;
    let lines = vec![one(context, &ours, &peer)?, eight(context, &ours, &peer)?];
    ours.close()?;
    peer.close()?;
    Ok(lines)
}

fn one(context: &Context, ours: &OursDurable<2>, peer: &PeerDurable<2>) -> Outcome<Line> {
    // Few at a time: the speed of disks varies, and all contenders should see the same variation.
    const INSERTS: u64 = 20;
    let folder = context.folder()?;
    let mut file = AppendFile::create(&folder.path().join("log"))?;
    let [ours, peer, limit] = alternate(
        context.pick(15, 60),
        [
            &mut || insert(ours, INSERTS),
            &mut || insert(peer, INSERTS),
            &mut || {
                wall_time(|| (0..INSERTS).try_for_each(|_| Ok(file.append_durably(&[0x5a; 64])?)))
            },
        ],
    )?;
    let overhead = 1.0 / ours.speedup_over(&limit).median;
    Ok(Line::new("one thread")
        .samples(Unit::Time, INSERTS, &ours, Some(&peer), Some(&limit))
        .goal("<= 1.15x the limit's time", overhead <= 1.15))
}

fn eight(context: &Context, ours: &OursDurable<2>, peer: &PeerDurable<2>) -> Outcome<Line> {
    const THREADS: u64 = 8;
    const INSERTS: u64 = 50;
    let [ours, peer] = alternate(
        context.pick(5, 15),
        [
            &mut || wall_time(|| in_parallel(ours, THREADS, INSERTS)),
            &mut || wall_time(|| in_parallel(peer, THREADS, INSERTS)),
        ],
    )?;
    let ratio = ours.speedup_over(&peer).median;
    Ok(Line::new("eight threads")
        .samples(Unit::Rate, THREADS * INSERTS, &ours, Some(&peer), None)
        .goal(">= 6x the peer", ratio >= 6.0))
}

fn in_parallel<T: DurableTree>(tree: &T, threads: u64, inserts: u64) -> Outcome<()> {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| insert(tree, inserts)))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            let outcome = worker.join().map_err(|_| "An inserting thread panicked.")?;
            outcome.map(drop)
        })
    })
}

fn insert<T: DurableTree>(tree: &T, inserts: u64) -> Outcome<Duration> {
    wall_time(|| (0..inserts).try_for_each(|number| tree.insert_durable(leaf(number))))
}
