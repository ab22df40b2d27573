//! How a tree in a bucket compares with bare requests of the same store, in one run.
//!
//! ```text
//! cargo run --release -p rotortree-object-store --features aws --example bucket_rate -- \
//!     URL [LEAVES]
//! ```
//!
//! Prints the rows of `docs/object-store.md`: ratios of medians, and requests that are counted. The
//! place at URL must be empty; LEAVES, a million without it, are loaded in bulk.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path};
use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_object_store::ObjectStorage;
use rotortree_store::{DurabilityToken, FlushPolicy, RotorTree, storage::Storage};
use tokio::runtime::{Builder, Runtime};

type Tree = RotorTree<Blake3Hasher, 4, 20>;

/// Durable inserts that are timed, one after the other.
const SINGLE: u64 = 200;
/// The time for which threads insert.
const SPAN: Duration = Duration::from_secs(4);
/// Dollars for a million PUTs.
const PUT_PRICE: f64 = 5.0;
/// Leaves in one call of a bulk load: 32 MiB.
const BATCH: u64 = 1 << 20;

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let mut args = std::env::args().skip(1);
    let leaves = args.nth(1).map_or(Ok(1_000_000), |leaves| leaves.parse());
    let told = match (std::env::args().nth(1), leaves) {
        (Some(url), Ok(leaves)) => measure(&url, leaves, &mut out),
        _ => Err("usage: bucket_rate URL [LEAVES]".into()),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "bucket_rate: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(url: &str, leaves: u64, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let place = ObjectStorage::from_url(url)?;
    let bare = Bare::new(url)?;
    let tree = Tree::on(Arc::new(place.new_handle())).open(Blake3Hasher)?;
    if tree.size() > 0 {
        return Err("the place has a tree already; name an empty one".into());
    }
    durable(&tree, &bare, out)?;
    tree.close()?;
    intervals(&place, out)?;
    bulk(&place, &bare, leaves, out)?;
    reading(&place, &bare, out)
}

/// The latency of a durable insert, and the rate of eight threads.
fn durable(tree: &Tree, bare: &Bare, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut puts = Vec::new();
    let mut inserts = Vec::new();
    for index in 0..SINGLE {
        puts.push(timed(|| bare.put(1024))?);
        inserts.push(timed(|| Ok(tree.insert_durable(leaf(index)).map(drop)?))?);
    }
    let (put, insert) = (median(puts), median(inserts));
    row(out, "bare PUT of 1 KiB", &ms(put))?;
    row(
        out,
        "insert_durable",
        &format!("{}, {:.2} bare PUTs", ms(insert), ratio(insert, put)),
    )?;
    let [one, eight] = [1, 8].map(|threads| rate(tree, threads));
    let (one, eight) = (one?, eight?);
    let text = format!(
        "{eight:.0} a second, {:.1} times one thread's {one:.0}",
        eight / one
    );
    row(out, "insert_durable by 8 threads", &text)
}

/// Durable inserts a second.
fn rate(tree: &Tree, threads: u64) -> Result<f64, Box<dyn Error>> {
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

/// The policy's interval against the rate of one thread that does not wait, the time until its
/// leaves are durable, and what it costs.
fn intervals(place: &ObjectStorage, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    for millis in [10, 100, 1000] {
        let storage = Arc::new(place.new_handle());
        let policy = FlushPolicy::Interval(Duration::from_millis(millis));
        let tree = Tree::on(Arc::clone(&storage) as _)
            .flush_policy(policy)
            .open(Blake3Hasher)?;
        let (puts, size, began) = (counter(&*storage, "puts"), tree.size(), Instant::now());
        let (mut waiting, mut latencies) = (Vec::new(), Vec::new());
        while began.elapsed() < SPAN {
            let (_, token) = tree.insert_many(&batch(tree.size(), 256))?;
            waiting.push((token, Instant::now()));
            let done = waiting
                .partition_point(|(token, _): &(DurabilityToken, Instant)| token.is_durable());
            latencies.extend(waiting.drain(..done).map(|(_, since)| since.elapsed()));
            thread::sleep(Duration::from_millis(1));
        }
        let seconds = began.elapsed().as_secs_f64();
        let puts = (counter(&*storage, "puts") - puts) as f64 / seconds;
        let rate = (tree.size() - size) as f64 / seconds;
        let month = puts * 86_400.0 * 30.0 / 1e6;
        latencies.sort_unstable();
        let [half, most] = [50, 99].map(|percent| {
            let at = latencies.len() * percent / 100;
            ms(latencies.get(at).copied().unwrap_or_default())
        });
        let text = format!(
            "{rate:.0} leaves a second, durable after {half} (p50) and {most} (p99), {puts:.1} PUTs a \
             second, {month:.1} M PUTs and {:.0} dollars a month",
            month * PUT_PRICE
        );
        row(out, &format!("a group every {millis} ms"), &text)?;
        tree.close()?;
    }
    Ok(())
}

/// A bulk load against bare PUTs of as many bytes in objects of the same size.
fn bulk(
    place: &ObjectStorage,
    bare: &Bare,
    leaves: u64,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let tree = Tree::on(Arc::new(place.new_handle())).open(Blake3Hasher)?;
    let (mut load, mut puts) = (Duration::ZERO, Duration::ZERO);
    let mut left = leaves;
    while left > 0 {
        let count = left.min(BATCH);
        let batch = batch(tree.size(), count);
        load += timed(|| Ok(tree.insert_many(&batch)?.1.wait()?))?;
        puts += timed(|| bare.put(count as usize * 32))?;
        left -= count;
    }
    let mb = |took: Duration| (leaves * 32) as f64 / 1e6 / took.as_secs_f64();
    let text = format!(
        "{:.0} MB/s, {:.2} of bare PUTs of the same bytes ({:.0} MB/s)",
        mb(load),
        ratio(puts, load),
        mb(puts)
    );
    row(out, &format!("bulk load of {leaves} leaves"), &text)?;
    let checkpoint = timed(|| Ok(tree.checkpoint()?))?;
    row(out, "the checkpoint behind it", &ms(checkpoint))?;
    Ok(tree.close()?)
}

/// Opening, refreshing, and the first proofs of a replica that has nothing yet.
fn reading(place: &ObjectStorage, bare: &Bare, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let gets = (0..50).map(|_| timed(|| bare.get(4096)));
    let get = median(gets.collect::<Result<Vec<_>, _>>()?);
    row(out, "bare GET of 4 KiB", &ms(get))?;
    let storage = Arc::new(place.new_handle());
    let requests = || ["gets", "lists", "puts"].map(|name| counter(&*storage, name));
    let began = Instant::now();
    let replica = Tree::on(Arc::clone(&storage) as _).open_read_only(Blake3Hasher)?;
    let [opened_gets, opened_lists, _] = requests();
    let text = format!(
        "{} for {} leaves, {opened_gets} GETs and {opened_lists} listings",
        ms(began.elapsed()),
        replica.size()
    );
    row(out, "opening a replica", &text)?;
    let before = requests();
    replica.refresh()?;
    let text = format!("{} GETs", requests()[0] - before[0]);
    row(out, "refresh with nothing new", &text)?;
    let snapshot = replica.snapshot();
    let head = snapshot.head().ok_or("the tree has leaves")?;
    let before = requests();
    let prove = |index: u64| {
        timed(|| {
            let proof = snapshot.generate_proof(index)?;
            Ok(proof.verify_against(&Blake3Hasher, head)?)
        })
    };
    let cold = prove(head.size / 3)?;
    let text = format!(
        "{}, {:.1} bare GETs in time, {} GETs side by side",
        ms(cold),
        ratio(cold, get),
        requests()[0] - before[0]
    );
    row(out, "first proof, cold", &text)?;
    let warm = (0..50).map(|_| prove(head.size / 3));
    let warm = median(warm.collect::<Result<Vec<_>, _>>()?);
    row(
        out,
        "the same proof, warm",
        &format!("{:.1} us", warm.as_secs_f64() * 1e6),
    )
}

/// The same store without a tree.
struct Bare {
    store: Box<dyn ObjectStore>,
    prefix: String,
    runtime: Runtime,
    next: AtomicU64,
}

impl Bare {
    fn new(url: &str) -> Result<Self, Box<dyn Error>> {
        let variables = std::env::vars().map(|(key, value)| (key.to_ascii_lowercase(), value));
        let (store, prefix) = object_store::parse_url_opts(&url.parse()?, variables)?;
        Ok(Self {
            store,
            // Beside the place, which holds nothing foreign.
            prefix: format!("{prefix}-bare"),
            runtime: Builder::new_current_thread().enable_all().build()?,
            next: AtomicU64::new(u64::from(std::process::id()) << 32),
        })
    }

    fn name(&self, number: u64) -> Path {
        Path::from(format!("{}/{number}", self.prefix))
    }

    fn put(&self, bytes: usize) -> Result<(), Box<dyn Error>> {
        let name = self.name(self.next.fetch_add(1, Ordering::Relaxed));
        let options = PutOptions::from(PutMode::Create);
        let put = self.store.put_opts(&name, vec![7; bytes].into(), options);
        self.runtime.block_on(put)?;
        Ok(())
    }

    fn get(&self, bytes: u64) -> Result<(), Box<dyn Error>> {
        // The largest object was the last one.
        let name = self.name(self.next.load(Ordering::Relaxed) - 1);
        self.runtime
            .block_on(self.store.get_range(&name, 0..bytes))?;
        Ok(())
    }
}

fn leaf(index: u64) -> Hash {
    let mut leaf = [0x3c; 32];
    leaf[..8].copy_from_slice(&index.to_le_bytes());
    leaf
}

fn batch(from: u64, count: u64) -> Vec<Hash> {
    (from..from + count).map(leaf).collect()
}

fn timed(act: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    act()?;
    Ok(began.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
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

fn row(out: &mut impl Write, name: &str, value: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(out, "| {name} | {value} |")?)
}
