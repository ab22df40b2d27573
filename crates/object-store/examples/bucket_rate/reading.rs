//! Opening, refreshing, and the proofs of replicas.

use std::{
    hint::black_box,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::TreeSnapshot;
use rotortree_object_store::DiskCache;
use rotortree_store::{ReadOnly, RotorTreeConfig};

use crate::{Bare, Table, Told, Tree, batch, median, ms, ratio, timed};

/// Proofs of leaves all over the tree, and how often they are made.
const PROOFS: u64 = 250;
const ROUNDS: usize = 401;
/// From one of them to the next: odd, and no multiple of a block.
const FAR: u64 = 7_368_787;

type Replica = ReadOnly<Blake3Hasher, 4, 20>;
type State = TreeSnapshot<4, 20>;

pub(crate) fn look(bare: &Bare, table: &mut Table<'_, impl Write>) -> Told<()> {
    let gets = (0..50).map(|_| bare.get(4096));
    let get = median(gets.collect::<Told<_>>()?)?;
    table.row("a bare GET of 4 KiB", "", &ms(get))?;
    replica(bare, get, table)?;
    warm(bare, table)
}

/// A replica that has nothing yet.
fn replica(bare: &Bare, get: Duration, table: &mut Table<'_, impl Write>) -> Told<()> {
    let (place, seen) = bare.watched()?;
    let began = Instant::now();
    let replica: Replica = Tree::on(Arc::new(place)).open_read_only(Blake3Hasher)?;
    let took = began.elapsed();
    let opened = seen.take();
    let told = format!("{} ({} GETs, {})", opened.pages, opened.reads, ms(took));
    let row = format!("pages of listings to open {} leaves", replica.size());
    table.row(&row, "O(1)", &told)?;
    replica.refresh()?;
    let told = seen.take().reads.to_string();
    table.row("GETs of a refresh with nothing new", "at most 2", &told)?;
    let snapshot = replica.snapshot();
    let cold = timed(|| prove(&snapshot, snapshot.size() / 3))?;
    let proved = seen.take();
    let told = format!(
        "{} ({} GETs, {:.1} bare GETs of time)",
        proved.rounds,
        proved.reads,
        ratio(cold, get)
    );
    table.row("rounds of GETs of a cold proof", "at most 3", &told)
}

/// A replica with every pack on its disk, and a directory with the same leaves.
fn warm(bare: &Bare, table: &mut Table<'_, impl Write>) -> Told<()> {
    let folder = tempfile::tempdir()?;
    let cache = Arc::new(DiskCache::open(folder.path().join("cache"), 64 << 30)?);
    let (place, seen) = bare.watched()?;
    let place = Arc::new(place.cache(cache));
    let fill = timed(|| Ok(place.fill_cache().map(drop)?))?;
    table.row("filling a disk cache", "", &ms(fill))?;
    let replica: Replica = Tree::on(place).open_read_only(Blake3Hasher)?;
    let replica = replica.snapshot();
    seen.take();

    let config = RotorTreeConfig::new(folder.path().join("tree"));
    let tree = Tree::open(Blake3Hasher, config.clone())?;
    for first in (0..replica.size()).step_by(1 << 20) {
        tree.insert_many(&batch(first, (replica.size() - first).min(1 << 20)))?;
    }
    tree.checkpoint()?;
    tree.close()?;
    let files: Replica = Tree::open_read_only(Blake3Hasher, config)?;
    let files = files.snapshot();

    for (row, stride) in [
        ("warm proofs of leaves far apart", FAR),
        ("the same proof again", 0),
    ] {
        let (mut times, mut here) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS as u64 {
            let files = spread(&files, stride, round)?;
            let replica = spread(&replica, stride, round)?;
            times.push(ratio(replica, files));
            here.push(replica / PROOFS as u32);
        }
        let told = format!(
            "{:.2} ({:.1} us)",
            median(times)?,
            median(here)?.as_secs_f64() * 1e6
        );
        table.row(
            &format!("{row} against a directory's"),
            "at most 1.3",
            &told,
        )?;
    }
    let requests = seen.take().reads;
    table.row("GETs of these", "", &requests.to_string())
}

/// The time of proofs whose leaves are so far apart, without verifying.
fn spread(state: &State, stride: u64, round: u64) -> Told<Duration> {
    let size = state.size();
    let mut index = (size / 3 + round * PROOFS * stride) % size;
    timed(|| {
        for _ in 0..PROOFS {
            black_box(state.generate_proof(index)?);
            index = (index + stride) % size;
        }
        Ok(())
    })
}

fn prove(state: &State, index: u64) -> Told<()> {
    let head = state.head().ok_or("the tree has leaves")?;
    let proof = state.generate_proof(index)?;
    Ok(proof.verify_against(&Blake3Hasher, head)?)
}
