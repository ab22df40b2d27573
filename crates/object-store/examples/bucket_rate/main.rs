//! How a tree in a bucket compares with bare requests of the same store, in one run.
//!
//! ```text
//! cargo run --release -p rotortree-object-store --features aws --example bucket_rate -- \
//!     URL [LEAVES]
//! ```
//!
//! Prints the rows of `docs/object-store.md`: ratios of medians, and requests that are counted. The
//! place at URL must be empty; LEAVES, ten million without it, are loaded in bulk.
//! `cargo xtask bucket --rate` starts a store for it.

mod bare;
mod intervals;
mod reading;
mod seen;
mod table;
mod writing;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_object_store::ObjectStorage;
use rotortree_store::{RotorTree, storage::Storage};

use self::{bare::Bare, table::Table};

type Tree = RotorTree<Blake3Hasher, 4, 20>;
type Told<T> = Result<T, Box<dyn Error>>;

/// Leaves without a second argument.
const LEAVES: u64 = 10_000_000;
const USAGE: &str = "usage: bucket_rate URL [LEAVES]";

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "bucket_rate: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: impl Iterator<Item = String>, out: &mut impl Write) -> Told<()> {
    let url = args.next().ok_or(USAGE)?;
    let leaves = args.next().map_or(Ok(LEAVES), |leaves| leaves.parse());
    let leaves = leaves.map_err(|_| USAGE)?;
    let place = ObjectStorage::from_url(&url)?;
    let bare = Bare::new(&url)?;
    let mut table = Table::begin(out)?;
    writing::durable(&place, &bare, &mut table)?;
    writing::bulk(&place, &bare, leaves, &mut table)?;
    reading::look(&bare, &mut table)?;
    intervals::tell(&place, out)
}

fn leaf(index: u64) -> Hash {
    let mut leaf = [0x3c; 32];
    leaf[..8].copy_from_slice(&index.to_le_bytes());
    leaf
}

fn batch(from: u64, count: u64) -> Vec<Hash> {
    (from..from + count).map(leaf).collect()
}

fn timed(act: impl FnOnce() -> Told<()>) -> Told<Duration> {
    let began = Instant::now();
    act()?;
    Ok(began.elapsed())
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Told<T> {
    values
        .sort_unstable_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    let middle = values.get(values.len() / 2).copied();
    Ok(middle.ok_or("nothing was measured")?)
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn ms(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1e3)
}

fn counter(storage: &dyn Storage, wanted: &str) -> u64 {
    let mut found = 0;
    storage.counters(&mut |name, value| {
        if name == wanted {
            found = value;
        }
    });
    found
}
