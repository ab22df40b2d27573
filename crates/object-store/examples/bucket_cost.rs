//! What each act of a tree in a bucket asks of the store, counted, and its price.
//!
//! ```text
//! cargo run -p rotortree-object-store --example bucket_cost
//! ```
//!
//! Prints the tables of `docs/object-store/operations.md`. The store is one in memory: requests are
//! counted, and their number is the same in every store.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_object_store::ObjectStorage;
use rotortree_store::{CheckpointPolicy, FlushPolicy, RotorTree, storage::Storage};

type Tree = RotorTree<Blake3Hasher, 4, 20>;

/// The kinds of requests: their counters, and dollars for a million, those of S3's standard class
/// in 2026.
const KINDS: [(&str, f64); 4] = [
    ("puts", 5.0),
    ("gets", 0.4),
    ("lists", 5.0),
    ("deletes", 0.0),
];
/// Seconds in a month.
const MONTH: f64 = 30.0 * 86_400.0;
/// Leaves of a batch whose chunks go ahead of it.
const BATCH: u64 = 500_000;

fn main() -> ExitCode {
    match tell(&mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "bucket_cost: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn tell(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    acts(out)?;
    writeln!(out)?;
    months(out)
}

/// Each act, with its requests.
fn acts(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    // No sign of life comes between.
    let place = ObjectStorage::from_url("memory://")?.heartbeat(Duration::from_secs(86_400));
    let open = |storage: &Arc<ObjectStorage>| {
        Tree::on(storage.clone())
            .flush_policy(FlushPolicy::Manual)
            .checkpoint_policy(CheckpointPolicy::Manual)
            .open(Blake3Hasher)
    };
    writeln!(
        out,
        "| act | creations | reads | listings | deletions | dollars a million times |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let handle = || Arc::new(place.new_handle());
    let mut row = |act: &str, storage: &ObjectStorage, done: &mut Acting| {
        let before = counts(storage);
        done()?;
        let after = counts(storage);
        let requests = [0, 1, 2, 3].map(|kind| after[kind] - before[kind]);
        let price: f64 = (0..4)
            .map(|kind| requests[kind] as f64 * KINDS[kind].1)
            .sum();
        let [puts, gets, lists, deletes] = requests;
        writeln!(
            out,
            "| {act} | {puts} | {gets} | {lists} | {deletes} | {price:.2} |"
        )?;
        Ok::<_, Box<dyn Error>>(())
    };

    let writer = handle();
    let mut tree = None;
    row("opening a new place", &writer, &mut || {
        tree = Some(open(&writer)?);
        Ok(())
    })?;
    let tree = tree.ok_or("the tree is open")?;
    row(
        "a group of the log, whatever it carries",
        &writer,
        &mut || Ok(tree.insert_durable(leaf(0)).map(drop)?),
    )?;
    row(
        "a batch of 16 MB, in a pack ahead of its group",
        &writer,
        &mut || {
            let batch: Vec<Hash> = (1..=BATCH).map(leaf).collect();
            Ok(tree.append(&batch).durable().map(drop)?)
        },
    )?;
    row("a checkpoint", &writer, &mut || Ok(tree.checkpoint()?))?;
    let reader = handle();
    let mut replica = None;
    row("opening a replica", &reader, &mut || {
        replica = Some(Tree::on(reader.clone()).open_read_only(Blake3Hasher)?);
        Ok(())
    })?;
    let replica = replica.ok_or("the replica is open")?;
    row("a replica's look that finds nothing", &reader, &mut || {
        Ok(replica.refresh().map(drop)?)
    })?;
    let snapshot = replica.snapshot();
    let mut prove = || Ok(snapshot.generate_proof(BATCH / 3).map(drop)?);
    row("a cold proof, its reads side by side", &reader, &mut prove)?;
    row("the same proof again", &reader, &mut prove)?;
    tree.insert_durable(leaf(BATCH + 1))?;
    row("a replica's look that finds a group", &reader, &mut || {
        Ok(replica.refresh().map(drop)?)
    })?;
    tree.close()?;
    let next = Arc::new(place.new_handle().grace(Duration::ZERO));
    let mut tree = None;
    row("opening after an orderly close", &next, &mut || {
        tree = Some(open(&next)?);
        Ok(())
    })?;
    let tree = tree.ok_or("the tree is open")?;
    tree.checkpoint()?;
    // Ages are told apart by milliseconds.
    std::thread::sleep(Duration::from_millis(5));
    row("a collection, of what that left behind", &next, &mut || {
        Ok(next.collect_orphans().map(drop)?)
    })?;
    Ok(tree.close()?)
}

/// An act, and the error that it ends with.
type Acting<'a> = dyn FnMut() -> Result<(), Box<dyn Error>> + 'a;

/// What an interval costs in a month, by the requests of the acts: one creation for a group.
fn months(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    writeln!(
        out,
        "| all month long | requests | dollars |\n| --- | ---: | ---: |"
    )?;
    let [puts, gets, ..] = KINDS;
    for (act, seconds, (_, price), each) in [
        ("a group every 10 ms", 0.01, puts, 1.0),
        ("a group every 100 ms", 0.1, puts, 1.0),
        ("a group every second", 1.0, puts, 1.0),
        ("a group every minute", 60.0, puts, 1.0),
        ("an owner's sign of life every 10 s", 10.0, puts, 1.0),
        ("a replica that looks every second", 1.0, gets, 2.0),
    ] {
        let requests = each * MONTH / seconds;
        let dollars = requests * price / 1e6;
        writeln!(
            out,
            "| {act} | {:.3} million | {dollars:.2} |",
            requests / 1e6
        )?;
    }
    Ok(())
}

fn leaf(index: u64) -> Hash {
    let mut leaf = [0x3c; 32];
    leaf[..8].copy_from_slice(&index.to_le_bytes());
    leaf
}

fn counts(storage: &ObjectStorage) -> [u64; 4] {
    let mut counts = [0; 4];
    storage.counters(&mut |name, value| {
        if let Some(kind) = KINDS.iter().position(|(counter, _)| *counter == name) {
            counts[kind] = value;
        }
    });
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_documentation_are_what_is_counted() {
        let page = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/object-store/operations.md"
        );
        let page = std::fs::read_to_string(page).unwrap();
        let mut told = Vec::new();
        tell(&mut told).unwrap();
        let told = String::from_utf8(told).unwrap();
        for table in told.split("\n\n") {
            let page = page.replace("\r\n", "\n");
            assert!(page.contains(table.trim_end()), "\n{told}");
        }
    }
}
