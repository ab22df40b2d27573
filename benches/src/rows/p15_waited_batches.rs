//! P15: batches of 1000 leaves, each waited for. Too small to put chunks ahead, a batch is one
//! group of 32 KB in the log.
//!
//! The limit is the least that hashing and a disk do for one, one after the other: the batch is
//! hashed, and as many bytes of a file of zeros are overwritten and synced.

use super::row::Row;
use crate::Outcome;
use crate::contender::{DurableTree, MemoryTree, Ours, OursDurable, PeerDurable, Settings};
use crate::context::{Context, leaves};
use crate::limits::OverwrittenFile;
use crate::measure::{alternate, wall_time};
use crate::report::{Line, Unit};

pub(super) const ROW: Row = Row {
    name: "p15",
    title: "P15: batches of 1000 leaves, each waited for, N = 2 (limit: overwrite 32 KB and sync)",
    alone: false,
    run,
};

pub(super) const BATCH: usize = 1000;
/// The group of a batch: its headers and its leaves in whole sectors.
pub(super) const GROUP_BYTES: usize = (128 + 16 + BATCH * 32_usize).next_multiple_of(512);
/// Few at a time: the speed of disks varies, and all contenders should see the same variation.
const BATCHES: u64 = 10;

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let folders = [context.folder()?, context.folder()?, context.folder()?];
    let ours = OursDurable::<2>::open(&folders[0].vacant(), Settings::MANUAL)?;
    let peer = PeerDurable::<2>::open(&folders[1].vacant(), Settings::MANUAL)?;
    let mut in_memory = Ours::<2>::empty();
    let file = |name| OverwrittenFile::create(&folders[2].path().join(name));
    let (mut file, mut file_alone) = (file("log")?, file("alone")?);
    let group = vec![0x5a; GROUP_BYTES];
    let batch = leaves(0, BATCH);
    let waited = |insert: &mut dyn FnMut() -> Outcome<()>| {
        wall_time(|| (0..BATCHES).try_for_each(|_| insert()))
    };
    let rounds = context.pick(15, 60);
    let [our_times, peer_times, both, disk] = alternate(
        rounds,
        [
            &mut || waited(&mut || ours.insert_many(&batch).and_then(|_| ours.flush())),
            &mut || waited(&mut || peer.insert_many(&batch).and_then(|_| peer.flush())),
            &mut || {
                waited(&mut || {
                    in_memory.insert_many(&batch)?;
                    Ok(file.overwrite_durably(&group)?)
                })
            },
            &mut || waited(&mut || Ok(file_alone.overwrite_durably(&group)?)),
        ],
    )?;
    ours.close()?;
    peer.close()?;
    let leaves = BATCHES * BATCH as u64;
    let overhead = 1.0 / our_times.speedup_over(&both).median;
    Ok(vec![
        Line::new("limit: and hash them")
            .samples(
                Unit::Rate,
                leaves,
                &our_times,
                Some(&peer_times),
                Some(&both),
            )
            .goal("<= 1.25x the limit's time", overhead <= 1.25),
        Line::new("limit: the disk alone").samples(
            Unit::Rate,
            leaves,
            &our_times,
            None,
            Some(&disk),
        ),
    ])
}
