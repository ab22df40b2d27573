//! Durable inserts, one after the other and by eight threads, and a bulk load.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::ObjectStorage;
use rotortree_store::DurabilityToken;

use crate::{Bare, Table, Told, Tree, batch, counter, leaf, median, ms, ratio};

/// Durable inserts that are timed, one after the other.
const SINGLE: u64 = 400;
/// The time for which threads insert, and how often.
const SPAN: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;
const THREADS: u64 = 8;
/// Leaves in one call of a bulk load: 32 MiB.
const BATCH: u64 = 1 << 20;
/// Calls that follow each other before anything is waited for.
const CALLS: u64 = 3;

/// The latency of a durable insert, and the rate of eight threads.
pub(crate) fn durable(
    place: &ObjectStorage,
    bare: &Bare,
    table: &mut Table<'_, impl Write>,
) -> Told<()> {
    let storage = Arc::new(place.new_handle());
    let tree = Tree::on(Arc::clone(&storage) as _).open(Blake3Hasher)?;
    if tree.size() > 0 {
        return Err("the place has a tree already; name an empty one".into());
    }
    let (mut puts, mut inserts) = (Vec::new(), Vec::new());
    for index in 0..SINGLE {
        puts.push(bare.put(vec![7; 1024])?);
        let began = Instant::now();
        tree.insert_durable(leaf(index))?;
        inserts.push(began.elapsed());
    }
    let (put, insert) = (median(puts)?, median(inserts)?);
    table.row("a bare PUT of 1 KiB", "", &ms(put))?;
    let told = format!("{:.2} ({})", ratio(insert, put), ms(insert));
    table.row("`insert_durable`, in bare PUTs", "at most 1.2", &told)?;

    let (mut times, mut single, mut together) = (Vec::new(), Vec::new(), Vec::new());
    let mut in_groups = 0.0;
    for _ in 0..ROUNDS {
        let one = rate(&tree, 1)?;
        let before = counter(&*storage, "puts");
        let eight = rate(&tree, THREADS)?;
        let puts = counter(&*storage, "puts") - before;
        in_groups += eight * SPAN.as_secs_f64() / puts as f64 / ROUNDS as f64;
        times.push(eight / one);
        single.push(one);
        together.push(eight);
    }
    let told = format!(
        "{:.1} ({:.0} and {:.0} a second, {in_groups:.1} in a PUT)",
        median(times)?,
        median(together)?,
        median(single)?
    );
    table.row("8 threads against one", "at least 6", &told)?;
    Ok(tree.close()?)
}

/// Durable inserts a second.
fn rate(tree: &Tree, threads: u64) -> Told<f64> {
    let (count, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    thread::scope(|scope| {
        for thread in 0..threads {
            let (count, failed) = (&count, &failed);
            scope.spawn(move || {
                for index in 0.. {
                    if began.elapsed() >= SPAN {
                        break;
                    }
                    match tree.insert_durable(leaf(thread << 32 | index)) {
                        Ok(_) => count.fetch_add(1, Ordering::Relaxed),
                        Err(_) => failed.fetch_add(1, Ordering::Relaxed),
                    };
                }
            });
        }
    });
    if failed.into_inner() > 0 {
        return Err("a durable insert failed".into());
    }
    Ok(count.into_inner() as f64 / began.elapsed().as_secs_f64())
}

/// A bulk load against bare PUTs, one after the other, of packs of the same bytes: a few calls, and
/// as many PUTs, in turn.
pub(crate) fn bulk(
    place: &ObjectStorage,
    bare: &Bare,
    leaves: u64,
    table: &mut Table<'_, impl Write>,
) -> Told<()> {
    let tree = Tree::on(Arc::new(place.new_handle())).open(Blake3Hasher)?;
    let (mut load, mut puts) = (Duration::ZERO, Duration::ZERO);
    let mut left = leaves;
    while left > 0 {
        let mut batches = Vec::new();
        while left > 0 && (batches.len() as u64) < CALLS {
            let count = left.min(BATCH);
            batches.push(batch(left, count));
            left -= count;
        }
        let began = Instant::now();
        let tokens = batches.iter().map(|batch| Ok(tree.insert_many(batch)?.1));
        let tokens: Vec<DurabilityToken> = tokens.collect::<Told<_>>()?;
        tokens.iter().try_for_each(DurabilityToken::wait)?;
        load += began.elapsed();
        for batch in batches {
            puts += bare.put(batch.concat())?;
        }
    }
    let rate = |took: Duration| (leaves * 32) as f64 / 1e6 / took.as_secs_f64();
    let told = format!(
        "{:.2} ({:.0} and {:.0} MB/s)",
        ratio(puts, load),
        rate(load),
        rate(puts)
    );
    table.row(
        &format!("bulk load of {leaves} leaves against bare PUTs of the same bytes"),
        "at least 0.6",
        &told,
    )?;
    let began = Instant::now();
    tree.checkpoint()?;
    table.row("the checkpoint behind it", "", &ms(began.elapsed()))?;
    Ok(tree.close()?)
}
