//! The interval of a flush policy against rate, latency and price.

use std::{
    io::Write,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{DurabilityToken, FlushPolicy};

use crate::{Told, Tree, batch, counter, ms};

/// Intervals, and the seconds for which each is tried.
const INTERVALS: [(u64, u64); 3] = [(10, 4), (100, 4), (1000, 8)];
/// Leaves in a batch, of which one comes each millisecond.
const BATCH: u64 = 256;
const MONTH: f64 = 86_400.0 * 30.0;
/// Dollars for a million PUTs.
const PUT_PRICE: f64 = 5.0;

/// One thread inserts and does not wait; the time until its leaves are durable.
pub(crate) fn tell(place: &ObjectStorage, out: &mut impl Write) -> Told<()> {
    writeln!(
        out,
        "\n| interval | leaves a second | durable after, p50 | p99 | PUTs a second | PUTs a month \
         | price a month |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for (millis, seconds) in INTERVALS {
        let storage = Arc::new(place.new_handle());
        let policy = FlushPolicy::Interval(Duration::from_millis(millis));
        let tree = Tree::on(Arc::clone(&storage) as _)
            .flush_policy(policy)
            .open(Blake3Hasher)?;
        let (puts, size, began) = (counter(&*storage, "puts"), tree.size(), Instant::now());
        let (mut waiting, mut latencies) = (Vec::new(), Vec::new());
        while began.elapsed() < Duration::from_secs(seconds) {
            let (_, token) = tree.insert_many(&batch(tree.size(), BATCH))?;
            waiting.push((token, Instant::now()));
            let done = waiting
                .partition_point(|(token, _): &(DurabilityToken, Instant)| token.is_durable());
            latencies.extend(waiting.drain(..done).map(|(_, since)| since.elapsed()));
            thread::sleep(Duration::from_millis(1));
        }
        let seconds = began.elapsed().as_secs_f64();
        let puts = (counter(&*storage, "puts") - puts) as f64 / seconds;
        let rate = (tree.size() - size) as f64 / seconds;
        let month = puts * MONTH / 1e6;
        latencies.sort_unstable();
        let [half, most] = [50, 99].map(|percent| {
            let at = latencies.len() * percent / 100;
            ms(latencies.get(at).copied().unwrap_or_default())
        });
        writeln!(
            out,
            "| {millis} ms | {rate:.0} | {half} | {most} | {puts:.1} | {month:.1} M | ${:.0} |",
            month * PUT_PRICE
        )?;
        tree.close()?;
    }
    Ok(())
}
